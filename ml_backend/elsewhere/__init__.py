"""Predictions that a team's own pipeline or language model made: checked, calibrated, versioned."""
