"""The parts Cueloop brings along and the supervisor that keeps them running."""
