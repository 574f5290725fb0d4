"""Where the model files are that stand for those of teams."""

from pathlib import Path

MODELS = Path(__file__).parent / "models"
