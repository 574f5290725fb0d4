"""training.yaml: what it may say, and every mistake at once with its place."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from cueloop import audit
from cueloop.errors import Conflict, FileError
from cueloop.language.mistakes import FileRefused
from cueloop.store import policies
from cueloop.store import schema as s
from ml_backend.policy.advice import advise
from ml_backend.policy.fields import PARTS, SECTIONS
from ml_backend.policy.file import load, parse, schema
from ml_backend.policy.in_force import policy
from ml_backend.policy.policy import Clock, Data, Gate, Policy, Rollback, Shadow, Triggers

ROOT = Path(__file__).parents[3]

WRONG = """version: 2
dat: {}
data: {holdout: 80%, source: author, soft: maybe, duplicates: 0}
train:
  first: {per_clas: 3}
  growth: much
  score: {falls: 5%, audits: 3}
  drift: neve
  at: [moonday 03:00, friday 25:00]
  time_zone: Europe/Berln
  every: weekly
models: [text-liner]
gate:
  protected: {hate: 200%}
  slices: [task.language, region]
  shadow: {audits: 3}
rollout: {old: drop}
"""


def test_all_mistakes_are_told_at_once_with_their_places():
    with pytest.raises(FileRefused) as refused:
        parse(WRONG, "training.yaml")
    said = {(m.line, m.column): m.message for m in refused.value.mistakes}
    assert len(said) == 19
    assert "did you mean data?" in said[2, 1]
    assert "between 0.01 and 0.5" in said[3, 17]
    assert "did you mean task.author?" in said[3, 30]
    assert "did you mean per_class?" in said[5, 11]
    assert "at least 10" in said[7, 30]
    assert said[8, 10].endswith("did you mean never?")
    assert "did you mean monday?" in said[9, 8]
    assert "did you mean Europe/Berlin?" in said[10, 14]
    assert "did you mean text-linear?" in said[12, 10]
    assert "`hate`" in said[14, 21]
    assert "needs `longest`" in said[16, 11]
    assert str(refused.value).splitlines()[0].startswith("training.yaml:1:10: ")


def test_a_file_that_says_nothing_is_the_defaults():
    found = parse("version: 1\ndata:\ntrain: {}\n")
    assert found == Policy(hash=found.hash)
    assert len(found.hash) == 64


def test_what_is_said_is_taken_and_the_rest_has_its_default():
    found = parse("""version: 1
data: {source: task.author, duplicates: never}
train:
  growth: never
  score: {falls: 3%}
  drift: never
  at: [monday 3:00, Every Day 18:30]
models: text-linear
gate: {protected: {"*": 2%}, slices: task.language, shadow: {audits: 40, longest: 7d}, calibration_error: 8%}
rollback: never
""")
    assert found.data == Data(source="author", duplicates=None)
    assert found.train == Triggers(growth=None, score_fall=0.03, input_drift=None, label_drift=None,
                                   at=(Clock(0, 180), Clock(None, 1110)))
    assert found.gate == Gate(protected={"*": 0.02}, slices=("language",), ece=0.08, shadow=Shadow(40, 604_800.0))
    assert found.rollback == Rollback(on=False)
    assert found.kinds == ("text-linear",)


@pytest.mark.parametrize("text", ["", "version: 1\n- x", "a: [", "just words", "version: 1\ntrain: [1, 2]",
                                  "version: 1\nmodels: []", "version: 1\ngate: {protected: 3}"])
def test_what_is_no_policy_is_refused_and_never_a_traceback(text):
    with pytest.raises(FileRefused):
        parse(text)


SECTION_TEXTS = st.sampled_from([f"{part.split('.')[0]}: {{{name}: " + "%s}" for part, fields in PARTS.items()
                                 for name in fields if "." not in part])
VALUES = st.one_of(st.sampled_from(["never", "5%", "0", "-1", "1e9", "[]", "{}", "true", "null", "'", "7d", "task.x",
                                    "monday 03:00", "999999999999", "{a: b}", "[1, [2]]", ".5", "100%"]),
                   st.text(max_size=12))


@given(form=SECTION_TEXTS, value=VALUES)
@settings(max_examples=50, deadline=None)
def test_any_value_anywhere_is_taken_or_told(form, value):
    found: Policy | list
    try:
        found = parse("version: 1\n" + form % value)
    except FileRefused as refused:
        found = [m for m in refused.mistakes if m.line >= 1 and m.column >= 1 and m.message]
    assert found


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        load(tmp_path / "no.yaml")
    (tmp_path / "no.yaml").write_bytes(b"version: \xff")
    with pytest.raises(FileError, match="UTF-8"):
        load(tmp_path / "no.yaml")


def test_the_schema_takes_what_the_reader_takes():
    jsonschema = pytest.importorskip("jsonschema")
    example = ROOT / "examples" / "training.yaml"
    assert load(example)[0].gate.shadow is not None
    jsonschema.validate(YAML(typ="safe").load(example), schema())
    for wrong in ({}, {"version": 1, "trian": {}}, {"version": 1, "train": {"every": "weekly"}},
                  {"version": 1, "rollout": {"old": "drop"}}, {"version": 1, "gate": {"shadow": {"audits": 3}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema())


def test_every_field_of_the_policy_can_be_said():
    names = {field.into or name for fields in PARTS.values() for name, field in fields.items()}
    for part in (Data, Triggers, Gate, Rollback):
        assert set(part.__dataclass_fields__) - {"on"} <= names, part
    assert {section.into or name for name, section in SECTIONS.items()} == set(Policy.__dataclass_fields__) - {"hash"}


@pytest.fixture
def apply(store, project):
    def applied(text, file="a.yaml", replaces=""):
        with store.write() as conn:
            return policies.put_in_force(conn, 1, file=file, text=text, hash=parse(text).hash, author="kim",
                                         replaces=replaces)
    return applied


def test_the_newest_that_was_applied_is_in_force(store, apply):
    with store.read() as conn:
        assert policy(conn, 1) == policy(conn, None) == Policy()
    assert apply("version: 1\ntrain: {growth: 10%}")
    assert not apply("version: 1\ntrain: {growth: 10%}")
    assert apply("version: 1\ntrain: {growth: 20%}")
    with store.read() as conn:
        assert policy(conn, 1).train.growth == 0.2
        assert audit.verify(conn) == 2


def test_what_somebody_else_applied_is_not_undone_unseen(store, apply):
    apply("version: 1", file="a.yaml")
    held = parse("version: 1").hash
    with pytest.raises(Conflict, match=f"--replaces {held[:12]}"):
        apply("version: 1\nlearning: never", file="b.yaml")
    with pytest.raises(Conflict, match="somebody changed it meanwhile"):
        apply("version: 1\nlearning: never", file="b.yaml", replaces="0123456789")
    assert apply("version: 1\nlearning: never", file="b.yaml", replaces=held[:12])


def test_what_does_not_fit_the_project_is_told(store, project):
    with store.write() as conn:
        conn.execute(s.tasks.insert().values(
            project_id=1, id=1, created_at=project_at(), updated_at=project_at(), cue={}, overlap=1, is_labeled=False,
            data={"text": "x", "language": "en"}, blind=False))
    found = parse("version: 1\ndata: {source: task.langage}\ngate: {protected: {foood: 2%, '*': 5%}}")
    with store.read() as conn:
        said = advise(conn, 1, found)
    assert said == ["gate.protected: the label config has no label `foood`, did you mean food?",
                    "data.source: none of the newest tasks has a field `langage`, did you mean language?"]


def project_at():
    from cueloop.store.columns import now

    return now()
