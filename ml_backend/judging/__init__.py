"""How good a model is, whether it may serve, and whether it must go."""
