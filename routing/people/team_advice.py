"""What an admin should know about the people that rules ask for: who is missing, too few, or too slow for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

import sqlalchemy as sa

from cueloop import declared
from cueloop.language.words import suggest
from cueloop.store import annotators, routes
from cueloop.store.schema import assignments, projects
from cueloop.store.schema import routes as table
from routing.context import Context
from routing.deciding.plans import Plan
from routing.language import logic
from routing.language.actions import Ask, Escalate, Reopen, Review
from routing.language.audience import Audience
from routing.language.rules import Rule
from routing.people import qualify
from routing.people.crowd import Crowd
from routing.people.qualify import FIELD, Demand
from routing.people.team import WORDS, Person, Team
from routing.people.windows import read as read_windows

SHOWN = 5
"""Names in one sentence."""


def of_rules(given: Context) -> list[str]:
    """One sentence for each demand of the rules that the people of the project cannot meet."""
    said = [sentence for rule in given.rules.rules for sentence in _rule(given, rule)]
    return [*said, *_budget(given)]


def of_team(conn: sa.Connection, team: Team) -> list[str]:
    """What in a team file will not work as it reads, in any project."""
    known = {person.email.lower() for person in annotators.people(conn)}
    said = [f"{team.file}:{person.line}: {email} is nobody whom Cueloop knows in Label Studio{suggest(email, known)}"
            for email, person in team.people.items() if email not in known]
    others = sorted(known - set(team.people))
    if team.people and others:
        said.append(f"{team.file} says nothing of {_listed(others)}: no team, no skill, no limit")
    if not team.people:
        said.append(f"{team.file} names nobody: rules that ask for a team, skill, language or seniority can ask nobody")
    for row in conn.execute(sa.select(projects.c.id, projects.c.declared).where(projects.c.declared.is_not(None))):
        currency = declared.of(row.declared).costs.currency
        if team.costs and currency and team.currency and currency != team.currency:
            said.append(f"project {row.id} reckons in {currency}, {team.file} in {team.currency}: its costs do not "
                        "count there")
    return said


def of_work(conn: sa.Connection, given: Context) -> list[str]:
    """What is too much for the people who may do it, by the tasks that wait and are being asked."""
    found = read_windows(conn, given.project.id, given.people, given.rules.queues, given.now)
    crowd = Crowd(conn, given, found)
    wanted: dict[str, int] = {}
    here, group = table.c.project_id == given.project.id, table.c.audience
    for query in (sa.select(group, sa.func.sum(table.c.need)).where(here, table.c.need > 0).group_by(group),
                  sa.select(group, sa.func.count()).join(assignments, assignments.c.task == table.c.task).where(
                      here, assignments.c.state == "open").group_by(group)):
        for audience, count in conn.execute(query):
            wanted[audience] = wanted.get(audience, 0) + int(count or 0)
    return [sentence for audience, count in sorted(wanted.items())
            for sentence in _slow(conn, given, crowd, audience, count)]


def _rule(given: Context, rule: Rule) -> Iterator[str]:
    action = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
    if not isinstance(action, Ask | Review | Escalate):
        return
    who, where = action.who, f"{given.rules.file}:{rule.line}: rule {rule.name}"
    yield from (f"{where} {said}" for said in (*_unknown_people(given, who), *_unknown_words(given.team, who)))
    people = [given.team.person(one.email) for one in given.people]
    able = [person for person in people if might(who, person, given.team)]
    if not people:
        return
    paused = {given.everybody[one].email.lower() for one in given.paused if one in given.everybody}
    if not able:
        after = " until `if_nobody` lets others in" if who.if_nobody else ", and the admins are told so"
        yield f"{where} can ask nobody: its tasks will wait{after} ({_why(who, people, given.team)})"
    elif not [person for person in able if person.email not in paused]:
        yield f"{where} can ask nobody now: {_listed([person.email for person in able])} paused"
    else:
        n = action.n if isinstance(action, Ask) else 1
        yield from (f"{where} {said}" for said in _few(who, able, n))
        most = _most(rule, action) if isinstance(action, Ask) else 1
        if len(able) < most and n <= len(able):
            yield (f"{where} asks until a task has {most} answers and {len(able)} may be asked: tasks that want more "
                   "answers wait for more people")


def _most(rule: Rule, action: Ask) -> float:
    """Answers up to which a rule asks for certain, unless something else ends it."""
    until = logic.bounds(logic.tree(rule.when.source), "answers")[1] + 1
    return min(until if until < inf else action.n, inf if action.max is None else action.max)


def _few(who: Audience, able: Sequence[Person], n: int) -> Iterator[str]:
    if len(able) < n:
        yield (f"asks {n:,} people about a task and {len(able)} may be asked ({_listed([p.email for p in able])}): "
               f"such tasks get {len(able)} and wait for {n - len(able):,} more")
    for attribute in who.not_same:
        without = [person.email for person in able if not person.values(attribute)]
        values = {value for person in able for value in person.values(attribute)}
        if without:
            yield f"asks nobody whose {attribute} is not in team.yaml: {_listed(without)}"
        if len(values) < n:
            yield (f"asks {n} people who all differ in {attribute}, and those who may be asked have {len(values)}: "
                   f"such tasks wait for {n - len(values)} more")
    for mix in who.mix:
        if mix.value.startswith(FIELD):
            continue
        have = sum(mix.value.casefold() in person.values(mix.attribute) for person in able)
        if have < mix.at_least:
            yield (f"asks for {mix.at_least} with {mix.attribute} {mix.value}, and {have} of those who may be asked "
                   "have it: the last places of such tasks stay empty")


def _unknown_people(given: Context, who: Audience) -> Iterator[str]:
    known = {person.email.lower() for person in given.people}
    for address in (*who.people, *who.never):
        if not address.startswith(FIELD) and address.lower() not in known:
            yield f"names {address}, who is no annotator of this project{suggest(address, known)}"
    words = known | given.team.known("team")
    for word in who.if_nobody.escalate if who.if_nobody else ():
        if word.casefold() not in {one.casefold() for one in words}:
            yield f"escalates to {word}, which is neither a team nor an annotator of this project{suggest(word, words)}"


def _unknown_words(team: Team, who: Audience) -> Iterator[str]:
    for attribute, words in (("team", who.teams), ("skill", who.skills), ("language", who.languages)):
        yield from (f"asks for {attribute} {word}, which nobody in team.yaml has{suggest(word, team.known(attribute))}"
                    for word in words if _missing(word, team.known(attribute)))
    if who.seniority and not who.seniority.startswith(FIELD) and team.rank(who.seniority) is None:
        yield (f"asks for seniority {who.seniority}, and the order is {', '.join(team.seniority)}"
               f"{suggest(who.seniority, team.seniority)}")
    widen = team.known("team") | team.known("skill")
    yield from (f"widens to {word}, which is neither a team nor a skill in team.yaml{suggest(word, widen)}"
                for word in (who.if_nobody.widen if who.if_nobody else ()) if _missing(word, widen))
    own = {name for person in team.people.values() for name in person.attributes} | set(WORDS)
    for attribute in (*who.not_same, *(mix.attribute for mix in who.mix)):
        if attribute not in own:
            yield f"asks for {attribute}, which nobody in team.yaml has{suggest(attribute, own)}"
    for mix in who.mix:
        if mix.attribute in own and mix.attribute != "seniority" and _missing(mix.value, team.known(mix.attribute)):
            yield (f"asks for {mix.attribute} {mix.value}, which nobody in team.yaml has"
                   f"{suggest(mix.value, team.known(mix.attribute))}")


def _budget(given: Context) -> Iterator[str]:
    budget, file, team = given.rules.budget, given.rules.file, given.team
    for name, _, _ in budget.teams:
        if _missing(name, team.known("team")):
            yield (f"{file}: `budget` names team {name}, to which nobody in team.yaml belongs"
                   f"{suggest(name, team.known('team'))}")
    costs = given.rules.declared.costs
    if budget.money is not None or budget.per_item is not None:
        unknown = [one.email for one in given.people if one.email.lower() not in costs.people]
        if unknown and costs.per_hour is None:
            yield (f"{file}: `budget` counts money, and what {_listed(unknown)} cost is not known: they count as free. "
                   "Say it with `cost` in team.yaml or `costs` in the rules")
        if budget.currency and costs.currency and budget.currency != costs.currency:
            yield (f"{file}: `budget` is in {budget.currency} and costs are in {costs.currency}: they are compared as "
                   "if they were alike")


def _slow(conn: sa.Connection, given: Context, crowd: Crowd, audience: str, count: int) -> Iterator[str]:
    able = crowd.able(audience)
    first = routes.hungry_of(conn, given.project.id, audience, 1)
    rule = Plan.from_json(routes.of_tasks(conn, [first[0][1]])[first[0][1]].plan).rule if first else ""
    name = f"{given.rules.file}: rule {rule}" if rule else given.rules.file
    if not able.any():
        yield f"{name}: {count:,} answers are wanted and nobody may give them: these tasks wait"
        return
    people = [person for at, person in enumerate(crowd.people) if able[at]]
    daily = [_daily(person, window.pace) for at, (person, window) in
             enumerate(zip(crowd.people, crowd.found, strict=True)) if able[at]]
    total = sum(part for part in daily if part is not None)
    if None not in daily and count > total:
        takes = f"that takes {count / total:,.0f} days or more" if total else "they wait"
        yield (f"{name}: {count:,} answers are wanted, and {_listed([p.email for p in people])} may give {total:,.0f} "
               f"a day by team.yaml: {takes}")


def _daily(person: Person, pace: float) -> float | None:
    """Tasks that somebody may do in a day; None: not limited."""
    limits = [float(person.capacity)] if person.capacity is not None else []
    limits += [person.hours / 7 / pace] if person.hours is not None else []
    return min(limits, default=None)


def might(who: Audience, person: Person, team: Team) -> bool:
    """Whether somebody may be asked about some task: what is read from tasks may be anything."""
    def plain(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text for text in texts if not text.startswith(FIELD))

    bare = replace(who, people=who.people if plain(who.people) == who.people else (),
                   teams=who.teams if plain(who.teams) == who.teams else (), skills=plain(who.skills),
                   languages=plain(who.languages), never=plain(who.never), qualified=None,
                   seniority="".join(plain((who.seniority,))))
    return qualify.refusal(Demand(bare), person, team) is None


def _why(who: Audience, people: Sequence[Person], team: Team) -> str:
    return "; ".join(f"{person.email}: {qualify.refusal(Demand(who), person, team) or 'may not be asked'}"
                     for person in people[:SHOWN])


def _missing(word: str, known: frozenset[str]) -> bool:
    return not word.startswith(FIELD) and word.casefold() not in {one.casefold() for one in known}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} others" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
