"""Signals and rules become plans: pure decisions, and what of them is written down."""
