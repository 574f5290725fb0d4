"""What labelled tasks are for: some judge, the others teach, and those that are alike go together. Pure.

Alike are near-duplicates, tasks of one source, and whatever is alike to either: a cluster. What has its part keeps it;
a newcomer joins the part of its cluster, and is apart where the cluster has tasks of both. Of the other clusters those
that the audit sample draws first are held out, whole ones, until they are the share that is asked for: so audits stay
evidence about every version to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml_backend.data.unions import Unions
from ml_backend.dataset import APART, HOLDOUT, TRAIN

Places = NDArray[np.int64]
Alike = Callable[[Sequence[str]], Places]
"""(n,) for each text the place of the first of its near-duplicates."""
Groups = list[list[int]]
"""Places of the members of each group."""


@dataclass(frozen=True, slots=True)
class Member:
    """A task that has a part, or gets one."""

    key: int
    text: str
    draw: float
    """Place in the order of the audit sample, in [0, 1): low ones are held out first."""
    source: str | None = None
    """Value of the field that names its source; None: nobody asked, or it has none."""
    part: str | None = None
    """Its part so far; None: a newcomer."""
    cluster: str = ""
    """Its cluster so far."""
    counts: bool = True
    """It is labelled now: the share is reckoned from these."""


def settle(members: Sequence[Member], share: float, alike: Alike) -> list[Member]:
    """The same members in their order, each with its part and its cluster.

    A part changes only where tasks of both parts became alike, by an edit or another policy: then the fewer go apart.
    """
    here = [m for m in members if m.part != APART]      # what is apart neither teaches nor judges: it is no bridge
    near = alike([m.text for m in here])
    torn = _torn(here, near, alike)
    if torn:
        return settle([replace(m, part=APART) if m.key in torn else m for m in members], share, alike)
    most = int(share * sum(m.counts for m in members))
    cut = _cut(here, near, most)
    rest = [at for at in range(len(here)) if at not in cut]
    found = {here[at].key: _apart(here[at]) for at in cut}
    for one in _placed([here[at] for at in rest], near[rest], share, most):
        found[one.key] = one
    return [found.get(m.key, m) for m in members]


def clusters(members: Sequence[Member], near: Places, most: int) -> Groups:
    """Places of the members of each cluster; in none is what would tie more than `most` of several sources together.

    `near` (n,) has for each member the place of the first of its near-duplicates.
    """
    cut = _cut(members, near, most)
    rest = [at for at in range(len(members)) if at not in cut]
    return [[rest[at] for at in group] for group in _joined([members[at] for at in rest], near[rest])]


def _placed(here: Sequence[Member], near: Places, share: float, most: int) -> list[Member]:
    """Members with the part of their cluster; new clusters in the order of their draws, while there is room."""
    clusters = _joined(here, near)
    parts = [_parts(here, group) for group in clusters]
    chosen = ["" if not found else found.pop() if len(found) == 1 else APART for found in parts]
    held = [m for group, part in zip(clusters, chosen, strict=True) if part == HOLDOUT for m in group]
    room = most - sum(here[at].counts for at in held)
    new = [number for number, part in enumerate(chosen) if not part]
    for number in sorted(new, key=lambda one: min((here[at].draw, here[at].key) for at in clusters[one])):
        group = clusters[number]
        first = min(here[at].draw for at in group)
        chosen[number] = HOLDOUT if first < share and len(group) <= room else TRAIN
        room -= len(group) if chosen[number] == HOLDOUT else 0
    done = list(here)
    for group, part in zip(clusters, chosen, strict=True):
        fresh = [at for at in group if not here[at].part]
        name = str(min(int(here[at].cluster or here[at].key) for at in group))
        for at in (group if fresh and part != APART else fresh):
            done[at] = _apart(here[at]) if part == APART else replace(here[at], part=part, cluster=name)
    return done


def _apart(one: Member) -> Member:
    return replace(one, part=APART, cluster=str(one.key))


def _torn(here: Sequence[Member], near: Places, alike: Alike) -> set[int]:
    """Keys of settled members that are to go apart because they are alike to more of the other part."""
    torn: set[int] = set()
    for group in _by(near.tolist()):
        settled = [at for at in group if here[at].part]
        if len(_parts(here, settled)) > 1:              # alike to each other, or only to a newcomer?
            again = alike([here[at].text for at in settled])
            for some in _by(again.tolist()):
                torn |= _fewer([here[settled[at]] for at in some], both=True)
    for group in _by([m.source for m in here]):
        torn |= _fewer([here[at] for at in group])
    return torn


def _fewer(members: Sequence[Member], *, both: bool = False) -> set[int]:
    """Keys of those of the part that has fewer; none where there is one part. Where each has as many, of the taught; or
    of `both`: nobody knows whose text was edited, to what the other part had.
    """
    taught, held = ({m.key for m in members if m.part == part} for part in (TRAIN, HOLDOUT))
    if not taught or not held:
        return set()
    if both and len(held) == len(taught):
        return held | taught
    return held if len(held) < len(taught) else taught


def _cut(here: Sequence[Member], near: Places, most: int) -> set[int]:
    """Places of newcomers that tie together what must not be: both parts, or sources that are too many to hold out.

    A phrase that everybody uses would else make one cluster of all sources.
    """
    cut: set[int] = set()
    by_source = {here[group[0]].source: _parts(here, group) for group in _by([m.source for m in here])}
    for group in _joined(here, near):
        new = [at for at in group if not here[at].part]
        sources = {here[at].source for at in group} - {None}
        if len(_parts(here, group)) > 1 or (len(sources) > 1 and 0 < most < len(new)):
            for some in _by(near[group].tolist()):
                alike = [group[at] for at in some]
                said, several = _parts(here, alike), len({here[at].source for at in alike} - {None}) > 1
                cut |= {at for at in alike if not here[at].part
                        and (several or len(said | by_source.get(here[at].source, set())) > 1)}
    return cut


def _joined(here: Sequence[Member], near: Places) -> Groups:
    """Members that are near-duplicates, of one source, or alike to the same ones."""
    unions = Unions(len(here))
    for group in (*_by(near.tolist()), *_by([m.source for m in here])):
        for at in group[1:]:
            unions.join(group[0], at)
    return _by(unions.roots().tolist())


def _by(values: Iterable[object]) -> Groups:
    """Places with equal values, in their order; those that are None belong to none."""
    found: dict[object, list[int]] = defaultdict(list)
    for at, value in enumerate(values):
        if value is not None:
            found[value].append(at)
    return list(found.values())


def _parts(here: Sequence[Member], group: Iterable[int]) -> set[str]:
    return {part for at in group if (part := here[at].part)}
