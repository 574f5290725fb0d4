"""Predictions of a team's own pipeline or language model: read, checked, calibrated, judged, served like ours."""
