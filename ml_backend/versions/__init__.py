"""What becomes of model versions: their files, what they were made of, how they differ, when they may go."""
