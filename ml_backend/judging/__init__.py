"""How good a version is, whether it may serve, and whether it still should: the gate, shadow mode, the watch."""
