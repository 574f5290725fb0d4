"""Checks on people: ground truth and second looks among their work, pauses, training."""
