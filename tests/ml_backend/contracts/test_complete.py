"""There are 27 contracts, and none goes missing."""

import ast
from pathlib import Path

NUMBERS = {"core": 8, "choices": 3, "ner": 3, "interactive": 1, "timeseries": 3, "ls": 9}


def test_all_27_contracts_are_tests_by_name():
    found = []
    for file in Path(__file__).parent.glob("test_*.py"):
        found += [tuple(node.name.split("_")[1:3]) for node in ast.parse(file.read_text()).body
                  if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
                  and node.name.split("_")[1] in NUMBERS]
    assert sorted(found) == sorted((kind, f"{n:02}") for kind, count in NUMBERS.items() for n in range(1, count + 1))
    assert len(found) == 27
