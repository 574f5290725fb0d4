"""docs/training.md and the JSON Schema hold to the reader of training files."""

import re
from pathlib import Path

from ml_backend.policy.fields import PARTS, SECTIONS
from ml_backend.policy.file import parse
from ml_backend.policy.policy import Triggers
from ml_backend.triggers import drift, examine, score, stability

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def test_every_field_is_on_the_page() -> None:
    for name, section in SECTIONS.items():
        assert f"| `{name}` | {section.says} |" in PAGE
    for part, fields in PARTS.items():
        for name, field in fields.items():
            assert f"| `{part}.{name}` | {field.says} |" in PAGE or f"{part}.{name}" in PARTS, f"{part}.{name}"


def test_the_file_on_the_page_is_taken() -> None:
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        assert parse(text).train.time_zone == "Europe/Berlin"


def test_figures_in_the_text_are_those_of_the_code() -> None:
    defaults = Triggers()
    assert (defaults.first_per_class, defaults.first_patience, defaults.growth) == (5, 20, 0.4)
    assert (defaults.score_fall, defaults.score_audits) == (0.05, 30)
    assert 1 / score.ALPHA == 40
    assert "once in 1,200 audits" in PAGE
    assert 1 - score.ALPHA == 0.975
    assert (defaults.input_drift, defaults.label_drift) == (0.2, 0.1)
    assert stability.CHANCE == 1 / 10_000
    assert drift.ARRIVED == 100
    assert "up to 64 times" in PAGE
    assert examine.MOST_PATIENCE == 64
