"""Every field of a rules file: what is written is what is read, and what is wrong is told with its place."""

from __future__ import annotations

import pytest

from cueloop.declared import Gold, Recheck
from routing.language import rules
from routing.language.actions import Accept, Ask, Budget, Escalate, Limit, Reopen, Review, Stop
from routing.language.audience import Audience, Mix, Nobody
from routing.language.mistakes import RulesRefused
from routing.language.rules import Rule, Rules

DAY = 86_400.0

FULL = """\
version: 1
rules:
  - name: ask
    when: answers < 2
    ask:
      n: 2
      max: 6
      expertise: likeliest_two
      people: [Ann@Example.org, task.owner]
      team: students
      skills: [medicine, latin]
      language: task.lang
      seniority: senior
      qualified: 70%
      never: task.author
      not_same: [supervisor, employer]
      mix: {culture: {same_as: task.culture, at_least: 2}, seniority: {value: lead}}
      until: interval_width < 15%
      if_nobody: {after: 2h, widen: translated, escalate: [lead@example.org]}
    forbid: accept
    priority: 2.5
    blind: true
    deadline: 30m
    keep_together: task.patient
    control: entity
  - {name: reopen, when: posterior < 0.5, reopen: {n: 3, teams: [a, b]}}
  - {name: escalate, when: skips > 2, escalate: {to: lead@example.org, skill: law}}
  - {name: review, when: agreement < 80%, review: {team: leads, scope: disagreed_regions, returns_to: author}}
  - {name: stop, when: answers > 5, stop: {}, forbid: [accept, ask]}
  - {name: accept, when: score > 0.9, accept: {audit: .05}}
  - name: people
    gold: {share: 6%, never_twice: true, imported: true}
    recheck: {share: 2%, same_person: true, after: 1d}
    pause: {when: lower(gold_accuracy) < 70%, after: 12, tell: false, training: 5}
    limit: {seen: task.graphic == true, per_person_day: 60, per_hour: 40/h}
  - {name: seen, when: task.night, limit: {seen: task.graphic, per_person: 30/d}}
budget: {money: 400 EUR, specialists: 6h/week, night shift: 90m/day, per_item: task.s * 0.02, when_spent: stop_new}
limit: {per_person: 40/h, share_of_all: 15%}
"""


@pytest.fixture(scope="module")
def full() -> Rules:
    """All fields there are."""
    return rules.parse(FULL)


def named(full: Rules, name: str) -> Rule:
    """A rule by its name."""
    return next(rule for rule in full.rules if rule.name == name)


def test_who_is_asked(full: Rules) -> None:
    rule = named(full, "ask")
    assert isinstance(rule.action, Ask)
    assert (rule.action.n, rule.action.max, rule.action.expertise) == (2, 6, "likeliest_two")
    assert rule.action.until is not None
    assert rule.action.until.names == {"interval_width"}
    assert rule.action.who == Audience(
        people=("ann@example.org", "task.owner"), teams=("students",), skills=("medicine", "latin"),
        languages=("task.lang",), seniority="senior", qualified=0.7, never=("task.author",),
        not_same=("supervisor", "employer"), mix=(Mix("culture", "task.culture", 2), Mix("seniority", "lead", 1)),
        if_nobody=Nobody(7200, ("translated",), ("lead@example.org",)))
    assert Audience.from_json(rule.action.who.to_json()) == rule.action.who


def test_what_a_rule_carries_beside_its_action(full: Rules) -> None:
    rule = named(full, "ask")
    assert (rule.forbid, rule.priority, rule.blind, rule.deadline, rule.keep_together, rule.control) == (
        {"accept"}, 2.5, True, 1800, "task.patient", "entity")
    assert rule.does == "ask, forbid, priority, blind"
    assert (rule.place("mix"), rule.place("ask"), rule.place()) == ((3, 5), (6, 7), (3, 5))


def test_the_other_actions(full: Rules) -> None:
    assert named(full, "reopen").action == Reopen(Ask(n=3, who=Audience(teams=("a", "b"))))
    assert named(full, "escalate").action == Escalate(Audience(people=("lead@example.org",), skills=("law",)))
    assert named(full, "review").action == Review(Audience(teams=("leads",)), "disagreed_regions", "author")
    assert named(full, "stop").action == Stop()
    assert named(full, "stop").forbid == {"accept", "ask"}
    assert named(full, "accept").action == Accept(0.05)


def test_what_is_about_people_needs_no_when(full: Rules) -> None:
    rule = named(full, "people")
    assert (rule.when.source, rule.when.names, rule.action, rule.kind) == ("true", frozenset(), None, "")
    assert rule.gold == Gold(0.06, True)
    assert rule.recheck == Recheck(0.02, DAY)
    assert rule.pause is not None
    assert (rule.pause.after, rule.pause.tell, rule.pause.training) == (12, False, 5)
    assert rule.pause.when.names == {"lower(gold_accuracy,0.95)"}
    assert rule.limit is not None
    assert (rule.limit.per_person_day, rule.limit.per_hour, rule.limit.share_of_all) == (60, 40, None)
    assert rule.limit.seen is not None
    assert rule.limit.seen.names == {"task.graphic"}
    assert rule.does == "gold, recheck, pause, limit"


def test_a_limit_counts_only_tasks_for_which_its_rule_holds(full: Rules) -> None:
    limit = named(full, "seen").limit
    assert limit is not None
    assert limit.per_person_day == 30
    assert limit.seen is not None
    assert limit.seen.names == {"task.graphic", "task.night"}


def test_budget_and_limit_of_the_whole_file(full: Rules) -> None:
    assert (full.budget.money, full.budget.currency, full.budget.when_spent) == (400, "EUR", "stop_new")
    assert full.budget.teams == (("specialists", 6 * 3600, 7 * DAY), ("night shift", 5400, DAY))
    assert full.budget.per_item is not None
    assert full.budget.per_item.names == {"task.s"}
    assert full.limit == Limit(per_hour=40, share_of_all=0.15)
    assert full.at["budget"] == (37, 9)
    assert rules.parse("version: 1\nrules: []\n").budget == Budget()


WRONG = """\
version: 1
rules:
  - name: a
    ask: {n: 2}
  - name: b
    when: true
    keep_together: patient
    gold: {never_twice: false, share: 70%}
  - name: c
    limit: {seen: graphic}
  - name: d
    pause: {when: skip > 1}
  - name: e
    when: true
    escalate: {if_nobody: {after: 2h, widen: x}}
  - name: f
    when: true
    ask: {mix: {culture: {at_least: 1}}, if_nobody: {after: 2h}, team: []}
  - name: g
    when: true
    ask: {mix: {culture: {value: x, same_as: task.x}}, if_nobody: {widen: x}, qualified: 120%, until: scor > 1}
  - {name: h, deadline: 3, when: true}
  - {name: i}
  - {name: j, when: true, blind: "yes"}
  - {name: k, when: true, stop: {}, review: {scope: all, returns_to: me}, priority: high}
  - {name: l, when: true, ask: {max: 2, mix: {culture: {value: x, at_least: 3}}, people: bob, langage: de}}
  - {name: m, recheck: {same_person: false, after: 3}, pause: {after: 3}}
budget: {mony: 400 EUR, money: EUR, team: 6h, per_item: score > 1, when_spent: stop}
limit: {per_person: 40, share_of_all: 0, per_hour: 3/d}
costs: {currency: EUR}
"""


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse(WRONG, "r.yaml")
    assert [line.removeprefix("r.yaml:") for line in str(error.value).splitlines()] == [
        "3:5: a rule needs `when`, the condition under which it holds (`when: true` for always)",
        "7:20: `keep_together` names a field of the task, not `patient`; did you mean task.patient?",
        "8:25: `never_twice` is always true: who saw the answer once is no longer checked by it",
        "8:39: `share` is at most 50% of somebody's work, not 70%",
        "10:12: `limit` needs a number: `per_person: 40/h`, `per_person_day: 60` or, for the whole file, "
        "`share_of_all: 15%`",
        "10:19: there is no signal `graphic`; a field of the task is written task.graphic",
        "12:19: there is no signal `skip`, did you mean skips?",
        "15:15: `escalate` names nobody: say `to`, a list of e-mail addresses, or `team`, `skill` ...",
        "18:26: `mix` needs either `value`, e.g. senior, or `same_as`, e.g. task.culture",
        "18:61: `if_nobody` says what happens then: `widen` or `escalate`",
        "18:72: `team` is an empty list; leave `team` out, or name one",
        "21:26: `mix` needs either `value`, e.g. senior, or `same_as`, e.g. task.culture",
        "21:67: `if_nobody` needs `after`, how long nobody who may be asked must have been found",
        "21:90: `qualified` is a share between 0% and 100%, e.g. 5% or 0.05, not `120%`",
        "21:103: there is no signal `scor`, did you mean score?",
        "22:5: a rule needs an action: escalate, reopen, stop, accept, review, ask or forbid",
        "22:25: `deadline` is a duration such as 30m, 2h or 1d, not `3`",
        "23:5: a rule needs an action: escalate, reopen, stop, accept, review, ask or forbid",
        "24:34: `blind` is true or false, not `yes`",
        "25:45: a rule has one action, this one has stop and review; make two rules",
        "25:53: `scope` is one of whole, disagreed_regions, not `all`",
        "25:70: `returns_to` is one of author, not `me`",
        "25:85: `priority` is a number, e.g. 2 or -0.5, not `high`",
        "26:90: `people` lists e-mail addresses, and `bob` is none",
        "26:95: `ask` has no field `langage`, did you mean language?",
        "27:38: `same_person` is always true: `recheck` measures how consistent somebody is; to ask others, use `ask`",
        "27:52: `after` is a duration such as 30m, 2h or 1d, not `3`",
        "27:63: `pause` needs `when`, a condition on an annotator",
        "28:16: `mony` (did you mean money?) is the time of a team of that name, e.g. 6h/week, not `400 EUR`",
        "28:32: `money` is an amount of money, e.g. 400 EUR, not `EUR`",
        "28:43: `team` is the time of a team of that name, e.g. 6h/week, not `6h`",
        "28:57: a number belongs here, not a truth",
        "28:80: `when_spent` is one of queue, stop_new, not `stop`, did you mean stop_new?",
        "29:21: `per_person` is so many an hour or a day, e.g. 40/h, not `40`",
        "29:39: `share_of_all` is more than 0%: nobody could be asked",
        "29:52: `per_hour` is a whole number of at least 1, e.g. 40 or 40/h, not `3/d`",
    ]


@pytest.mark.parametrize(("line", "mistake"), [
    ("ask: {max: 2, mix: {culture: {value: x, at_least: 3}}}",
     "`max` is 2, so 3 people of one culture can never be asked"),
    ("limit: {per_person: 40/h, per_hour: 30}", "`per_hour` and `per_person` say the same; keep one"),
    ("priority: .inf", "`priority` is a number"), ("ask: [1]", "`ask` is a set of `field: value`, not a list"),
    ("forbid: []", "`forbid` is an empty list"), ("gold: 6%", "`gold` is a set of `field: value`, not `6%`"),
    ("ask: {mix: [culture]}", "`mix` is a set of `name: value`, not a list"),
    ("ask: {until: [1]}", "`until` is a condition such as score >= 0.9, not a list"),
    ("ask: {until: }", "`until` is a condition such as score >= 0.9, not nothing"),
    ("keep_together: task.", "`keep_together` names a field of the task, e.g. task.document"),
    ("control: [a]", "`control` is a text, not a list"), ("deadline: 2 h", "`deadline` is a duration"),
    ("limit: {seen: true}", "`limit` needs a number")])
def test_what_does_not_go_together_is_refused(line: str, mistake: str) -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse(f"version: 1\nrules:\n  - name: a\n    when: answers < 2\n    {line}\n")
    assert mistake in str(error.value)


def test_one_currency_in_a_file() -> None:
    with pytest.raises(RulesRefused, match="`budget` is in USD and `costs` are in EUR; use one"):
        rules.parse("version: 1\nrules: []\nbudget: {money: 3 USD}\ncosts: {currency: EUR}\n")
    assert rules.parse("version: 1\nrules: []\nbudget: {money: 3}\ncosts: {currency: EUR}\n").budget.currency == ""


@pytest.mark.parametrize("text", [
    "version: 1\nrules: " + "[" * 600, "{" * 600, "version: 1\nrules: &a [*a]\n", "? [a]\n: 1\n",
    "version: [1]\nrules: []\n", "version: 1\nrules: []\n---\nversion: 1\n", "version: 1\nrules: [1, [2], ~]\n",
    "version: 1\nrules:\n - {name: a, when: true, ask: &x {team: *x}}\n", "\x00"])
def test_whatever_stands_in_a_file_it_is_refused_in_words(text: str) -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse(text)
    assert "Node(" not in str(error.value)


def test_anchors_and_windows_line_ends_are_taken() -> None:
    read = rules.parse("version: 1\r\nrules:\r\n  - {name: &n a, when: &w true, stop: {}}\r\n"
                       "  - {name: &n b, when: *w, ask: {n: 1}}\r\n")
    assert [(rule.name, rule.when.source) for rule in read.rules] == [("a", "true"), ("b", "true")]


@pytest.mark.parametrize(("rule", "mistake"), [
    ("limit: {seen: score > 0, share_of_all: 10%}", "3:40: `share_of_all` is of all answers of the project, so no rule "
     "can have it: write it in `limit` at the top level of the file, or as `share` of a person in the team file"),
    ("gold: {share: 40%}}\n  - {name: b, gold: {share: 20%}", "4:21: all that this file mixes in as `gold` is 60% of "
     "everybody's work together, and at most 50% may be"),
    ("when: true, ask: {n: 0x1F}", "3:36: `n` is a whole number of at least 1, not `0x1F`"),
    (f"when: true, ask: {{n: {'9' * 30}}}", "3:36: `n` is a whole number of at least 1, in at most nine digits, not "
     f"`{'9' * 30}`"),
    ("when: true, ask: {}, deadline: 99999999d", "3:46: `deadline` is a duration such as 30m, 2h or 1d, not "
     "`99999999d`"),
    ("when: 'score > found(error=1%, error=2%)', stop: {}", '3:30: found() is written found("spam", error=1%), or '
     "found(error=1%, confidence=99%) for all labels together")])
def test_what_could_not_be_kept_is_refused(rule: str, mistake: str) -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse(f"version: 1\nrules:\n  - {{name: a, {rule}}}\n", "r.yaml")
    assert str(error.value).splitlines() == [f"r.yaml:{mistake}"]


def test_numbers_with_leading_zeros_and_addresses_with_spaces_are_read_as_meant() -> None:
    rule = rules.parse("version: 1\nrules: [{name: a, when: true, ask: {n: 02, people: [' A@b.c ', d@e.f]}}]").rules[0]
    assert isinstance(rule.action, Ask)
    assert (rule.action.n, rule.action.who.people) == (2, ("a@b.c", "d@e.f"))
