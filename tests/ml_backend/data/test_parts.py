"""One cluster, one part: whatever arrives, merges, is deleted or edited."""

import random
from collections import defaultdict
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.sampling import uniform
from ml_backend.data.parts import Member, clusters, settle
from ml_backend.data.unions import Unions
from ml_backend.dataset import APART, HOLDOUT, TRAIN


def by_words(texts):
    """Near-duplicates, for these tests: texts that share a word."""
    unions, first = Unions(len(texts)), {}
    for at, text in enumerate(texts):
        for word in text.split():
            unions.join(first.setdefault(word, at), at)
    return unions.roots()


def members(*texts, **given):
    return [Member(key=at + 1, text=text, draw=uniform(at + 1, "audit:1"), **given) for at, text in enumerate(texts)]


def parts(found):
    return {m.key: m.part for m in found}


def test_the_lowest_draws_judge_and_they_are_the_share_asked_for():
    # Given 200 tasks of which none is like another
    some = members(*(f"t{n}" for n in range(200)))
    # When they are settled, then those judge that the audit sample draws first
    held = [m.key for m in settle(some, 0.2, by_words) if m.part == HOLDOUT]
    first = sorted((m for m in some if m.draw < 0.2), key=lambda m: m.draw)[:40]
    assert set(held) == {m.key for m in first}
    assert 30 < len(held) <= 40
    assert {m.part for m in settle(some, 0.0, by_words)} == {TRAIN}


def test_a_newcomer_goes_where_what_it_is_like_went():
    taught, held = Member(1, "a", 0.9, part=TRAIN), Member(2, "b", 0.1, part=HOLDOUT)
    low, high, both = Member(3, "a x", 0.0), Member(4, "b y", 0.99), Member(5, "a b", 0.5)
    found = settle([taught, held, low, high], 0.5, by_words)
    assert parts(found) == {1: TRAIN, 2: HOLDOUT, 3: TRAIN, 4: HOLDOUT}
    assert [m.cluster for m in found] == ["1", "2", "1", "2"]
    # One that is like both is for neither, and is no bridge between them for those that follow
    found = settle([*found, both], 0.5, by_words)
    assert parts(found)[5] == APART
    assert parts(settle([*found, replace(low, key=6)], 0.5, by_words))[6] == TRAIN


def test_one_source_is_on_one_side():
    some = [Member(n, f"t{n}", uniform(n, "x"), source=f"author {n % 40}") for n in range(400)]
    found = settle(some, 0.2, by_words)
    sides = defaultdict(set)
    for m in found:
        sides[m.source].add(m.part)
    assert all(len(side) == 1 for side in sides.values())
    assert 0.1 < np.mean([m.part == HOLDOUT for m in found]) <= 0.2


def test_a_phrase_that_everybody_uses_does_not_tie_all_sources_together():
    # Given forty authors each of whom wrote "thanks" once
    some = [Member(n, "thanks" if n < 40 else f"t{n}", uniform(n, "x"), source=f"author {n % 40}") for n in range(400)]
    found = settle(some, 0.2, by_words)
    # Then the phrases are apart, and the authors are dealt out
    assert {m.part for m in found[:40]} == {APART}
    assert {m.part for m in found[40:]} == {TRAIN, HOLDOUT}
    assert sum(len(group) for group in clusters(some, by_words([m.text for m in some]), 80)) == 360


def test_a_cluster_too_large_to_be_held_out_is_taught():
    some = [Member(n, "same", 0.0) for n in range(30)] + [Member(n, f"t{n}", 0.1) for n in range(30, 100)]
    found = settle(some, 0.2, by_words)
    assert {m.part for m in found[:30]} == {TRAIN}
    assert sum(m.part == HOLDOUT for m in found) == 20


def test_an_edit_that_makes_both_parts_alike_sets_the_fewer_apart():
    # Given one that judges, edited to say what three say that taught; and one of each, edited who knows which
    some = [*(Member(n, "a", 0.5, part=TRAIN) for n in (1, 2, 3)), Member(4, "a", 0.1, part=HOLDOUT),
            Member(5, "b", 0.1, part=HOLDOUT), Member(6, "b", 0.5, part=TRAIN)]
    assert parts(settle(some, 0.5, by_words)) == {
        1: TRAIN, 2: TRAIN, 3: TRAIN, 4: APART, 5: APART, 6: APART}


def test_a_source_that_is_named_later_keeps_what_was_taught():
    # Given authors whose tasks were dealt out before anybody asked who wrote them
    some = [Member(n, f"t{n}", uniform(n, "x"), part=HOLDOUT if n % 5 == 0 else TRAIN, source=f"author {n % 7}")
            for n in range(70)]
    found = settle(some, 0.2, by_words)
    # Then nothing that judged is taught, nothing taught judges, and no author is on both sides
    assert {(a.part, b.part) for a, b in zip(some, found, strict=True)} == {(TRAIN, TRAIN), (HOLDOUT, APART)}


EVENTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from([None, "ann", "bob", "eve"]),
                            st.booleans()), max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.lists(EVENTS, max_size=8), st.integers(0, 10**6))
def test_over_a_long_history_no_cluster_leaks_and_nobody_changes_sides(rounds, seed):
    # Given rounds of arrivals, some like two others at once; between them labels vanish and come back
    rng, found, ever, key = random.Random(seed), [], defaultdict(set), 0
    for arrivals in rounds:
        for one, other, source, bridge in arrivals:
            key += 1
            text = f"w{one} w{other}" if bridge else f"w{one}"
            found.append(Member(key, text, uniform(key, "audit:1"), source=source))
        before = {m.key: m.part for m in found if m.part}
        found = settle([replace(m, counts=rng.random() < 0.8) for m in found], 0.3, by_words)
        # Then who has a part keeps it: the holdout only grows, and is never taught
        assert {m.key: m.part for m in found if m.key in before} == before
        for m in found:
            ever[m.key].add(m.part)
        # And no two that are alike, or of one source, are on both sides
        sides = {side: [m for m in found if m.part == side] for side in (TRAIN, HOLDOUT)}
        words = [{word for m in side for word in m.text.split()} for side in sides.values()]
        assert not words[0] & words[1]
        assert not ({m.source for m in sides[TRAIN]} & {m.source for m in sides[HOLDOUT]}) - {None}
        assert not {m.cluster for m in sides[TRAIN]} & {m.cluster for m in sides[HOLDOUT]}
        # And settling again changes nothing
        assert settle(found, 0.3, by_words) == found
    assert all(len(one) == 1 for one in ever.values())
