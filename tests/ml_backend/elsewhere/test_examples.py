"""What the documentation shows works: the example files are taken, the rules are rules."""

import re
from pathlib import Path

import pytest

from routing.language import rules

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("name", "count"), [("predictions.jsonl", 5), ("predictions.csv", 4)])
def test_the_example_files_are_taken(scene, name, count):
    from tests.ml_backend.conftest import examples

    scene.project.add(examples(5), ids=range(101, 106), labelled=False)
    done = scene.push(ROOT / "examples" / name)
    assert (done.count.new, done.count.wrong) == (count, 0)


def test_the_rules_in_the_docs_are_rules():
    page = (ROOT / "docs" / "predictions.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(rules.parse(text, "rules.yaml").rules) == 3
