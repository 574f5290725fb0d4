"""Thresholds that are found, not guessed: the score above which the machine's error is below a target."""
