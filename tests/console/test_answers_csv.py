"""Reading recorded answers: what counts, in which order, and where a fault is."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import answers_csv
from cueloop.errors import DataError


@pytest.fixture(autouse=True)
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines already are several pieces."""
    monkeypatch.setattr(answers_csv, "LINES", 2)


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "answers.csv"
    path.write_bytes(text.encode(encoding))
    return path


def rows(path: Path) -> list[tuple[str, str, str]]:
    seen = answers_csv.read(path).observations
    return [(seen.tasks[t], seen.annotators[w], seen.labels[k])
            for t, w, k in zip(seen.task, seen.annotator, seen.label, strict=True)]


def test_the_last_answer_of_a_person_to_a_task_counts_and_takes_the_last_place(tmp_path: Path) -> None:
    # given ann who changes her mind about t1, which leaves nobody who said "odd"
    path = write(tmp_path, "worker,label,task\nann,odd,t1\nbob,no,t1\n\nann,yes,t2\n ann ,no,t1\nbob,yes,t2\n")
    # when it is read
    found = answers_csv.read(path)
    # then her last answer counts, where it stands, and the label that nobody gives any more is gone
    assert rows(path) == [("t1", "bob", "no"), ("t2", "ann", "yes"), ("t1", "ann", "no"), ("t2", "bob", "yes")]
    assert found.replaced == 1
    assert (found.observations.labels, found.observations.annotators) == (("no", "yes"), ("bob", "ann"))


def test_labels_are_sorted_and_a_byte_order_mark_and_quotes_are_no_matter(tmp_path: Path) -> None:
    path = write(tmp_path, 'task,annotator,label\r\n"t,1",a,"z\nz"\r\nt2,a,b\r\n', "utf-8-sig")

    assert rows(path) == [("t,1", "a", "z\nz"), ("t2", "a", "b")]
    assert answers_csv.read(path).observations.labels == ("b", "z\nz")


@pytest.mark.parametrize(("text", "told"), [
    ("task,annotator,label\nt1,a,x\nt1,b,x\nt2,a, \nt3,,x\n", "line 4, column 'label': is empty"),
    ("task,annotator,label\nt1,a,x\nt1,b,x\nt2,a\n", "line 4, column 'label': is empty"),
    ('task,annotator,label\n"t\n1",a,x\nt1,b,x\n,a,x\n', "line 5, column 'task': is empty"),
    ('task,annotator,label\nt1,,x\n"t2"x,a,x\n', "line 2, column 'annotator': is empty"),
    ('task,annotator,label\nt1,a,x\nt1,b,x\n"t2"x,a,x\n', "line 4: ',' expected after"),
    ("task,annotator,label\n\n", "no answers below the header"),
    ("task,label\nt1,x\n", "line 1: no column 'annotator' or 'worker'. The header has: task, label"),
    ("task,worker,annotator,label\n", "line 1: more than one column 'annotator' or 'worker'"),
    ("", "line 1: no column 'task'. The header has: nothing"),
])
def test_the_first_fault_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        answers_csv.read(write(tmp_path, text))
    assert told in str(caught.value)


def test_a_file_that_is_absent_or_not_utf_8_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        answers_csv.read(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="byte 26 is not UTF-8"):
        answers_csv.read(write(tmp_path, "task,annotator,label\nt1,a,é\n", "latin-1"))
