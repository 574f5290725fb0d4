"""Runs rules in memory, a round at a time: judge what changed, ask people, hear their answers.

Judging and choosing are the live code: `decide.match`, `decide.decide`, `expertise`, `choose`, and the consensus of a
full run. Live, answers come one after the other; here all who were asked answer before the rules look again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cueloop.sampling import is_sampled
from routing.choosing import cost, expertise, worth
from routing.choosing.batch import batch
from routing.choosing.choose import Choice, Pool
from routing.choosing.expertise import Expertise
from routing.deciding.decide import Standing, decide, match
from routing.deciding.settled import SLACK
from routing.language.rules import Rules
from routing.people.windows import window_size
from routing.signals import lookup, uncertainty
from routing.simulate.signals import Signals
from routing.simulate.state import Opinion, State
from routing.simulate.who import Who
from routing.simulate.work import Work
from sync.arrays import FloatArray, IntArray

ROUNDS = 8
"""Rounds in which everybody together can answer every task once, however small their queues are."""

FIRST = 1.0
"""Added to the priority of what was escalated, as in `judge`."""


class Engine:
    """One run of rules over some work. `next` says who is asked, `tell` takes their answers."""

    def __init__(self, rules: Rules, work: Work, available: NDArray[np.bool_] | None = None) -> None:
        """`available` (T, W): pairs that can be asked at all; None: all."""
        self.rules, self.work = rules, work
        self.state = State(work)
        self.signals = Signals(self.state)
        if available is not None:
            self.state.open &= available
        share = rules.audit_share
        self.held_out = np.array([is_sampled(key, work.salt, share) for key in work.keys.tolist()], bool)
        self.state.blind |= self.held_out
        self.who = Who(self.state)
        self.sizes = _sizes(rules, work)
        self.dear = cost.beside([None] * len(work.people) if self.signals.price is None else self.signals.price)
        self.opinion: Opinion | None = None
        self.priority = np.zeros(len(work.keys))
        self.choices: list[tuple[int, Choice]] = []
        """(task, choice) in the order made: what live goes into the decisions."""

    def next(self, able: NDArray[np.bool_] | None = None) -> tuple[IntArray, IntArray]:
        """(task, person) places of everybody to ask now, the most uncertain tasks first; empty: nobody is wanted.

        `able` (W,): who may be asked in this round at all.
        """
        self._judge()
        needs = [(t, plan.target - len(self.state.given[t])) for t, plan in enumerate(self.state.plan) if plan.asks]
        hungry = [(t, need) for t, need in needs if need > 0 and self.state.open[t].any()]
        if not hungry:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        hungry.sort(key=lambda pair: -self.priority[pair[0]])
        return self._ask(hungry, able)

    def tell(self, task: IntArray, person: IntArray, label: IntArray) -> None:
        """Hear answers."""
        self.state.tell(task, person, label)
        self.opinion = self.state.opinion()

    def _judge(self) -> None:
        """Plans for what is new or changed, as the loop would judge it."""
        state, opinion = self.state, self.opinion
        at = np.flatnonzero(state.changed | self._moved())
        if not len(at):
            return
        tasks = at.tolist()
        seen = self.signals.gather(tasks, opinion)
        matches = match(self.rules, lookup(seen, found=self.work.found), len(seen), self.work.control)
        for t, said, found in zip(tasks, seen, matches, strict=True):
            state.blind[t] |= "blind" in found and bool(found["blind"].blind)
            standing = Standing(
                plan=state.plan[t], held_out=bool(self.held_out[t]), accepted=state.plan[t].kind == "accept",
                answered_by=self.who.emails(state.authors[t]), blind=bool(state.blind[t]), team=self.work.team)
            plan = state.plan[t] = decide(self.rules, self.work.control, found, said, standing)
            self.priority[t] = (uncertainty(said.belief(self.work.labels)) + plan.urgency
                                + (FIRST if plan.kind == "escalate" else 0.0))
        state.changed[:] = False

    def _moved(self) -> NDArray[np.bool_]:
        """(T,) answered tasks that a full run moved: those not done, and those done of which the label changed or
        the probability fell as far as `decide` cares for."""
        state, opinion = self.state, self.opinion
        moved = np.zeros(len(self.work.keys), bool)
        if opinion is None:
            return moved
        for t, plan in enumerate(state.plan):
            if not state.given[t]:
                continue
            if plan.kind != "stop":
                moved[t] = True
                continue
            at = int(opinion.label[t])
            fell = (plan.posterior or 0.0) - opinion.probability[t, at]
            moved[t] = plan.label != self.work.labels[at] or fell > SLACK
        return moved

    def _ask(self, hungry: list[tuple[int, int]], able: NDArray[np.bool_] | None) -> tuple[IntArray, IntArray]:
        known = self._expertise()
        tasks = [t for t, _ in hungry]
        belief = np.array([s.belief(self.work.labels) for s in self.signals.gather(tasks, self.opinion)])
        narrow = np.array([self.state.plan[t].expertise == "likeliest_two" for t in tasks])
        value = worth.value(belief, known.confusion, narrow, self.dear)
        load = np.bincount(np.array(self.state.person, np.int64), minlength=len(self.work.people)).astype(float)
        free = self.sizes.astype(np.int64) * (1 if able is None else able)
        pool = Pool(ids=np.arange(len(self.work.people)), size=self.sizes.astype(float), free=free, load=load,
                    answers=known.answers)
        allowed = np.array([self.state.open[t] & self.who.may(t, known, belief[row])
                            for row, t in enumerate(tasks)], bool)
        needs = [self.who.at_once(t, need) for t, need in hungry]
        made = batch(pool, value, allowed, needs, self.work.keys[tasks].tolist(),
                     [f"ask:{self.state.asked[t]}" for t in tasks])
        self.choices += [(t, choice) for t, choice in zip(tasks, made, strict=True) if choice.people]
        asked = [(t, w) for t, choice in zip(tasks, made, strict=True) for w in choice.people]
        pairs = np.array(asked, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def _expertise(self) -> Expertise:
        """What the last full run knows of everybody; before the first, what is taken for a crowd."""
        if self.opinion is None:
            usual = expertise._one_coin(len(self.work.labels))
            return Expertise(np.repeat(usual[None], len(self.work.people), axis=0), np.zeros(len(self.work.people)))
        fit = self.opinion.fit
        confusion = np.clip(fit.confusion, 1e-6, None)
        return Expertise(confusion / confusion.sum(2, keepdims=True), fit.counts.sum((1, 2)))


def _sizes(rules: Rules, work: Work) -> IntArray:
    """(W,) places in everybody's queue: as live, but never so few that a run takes more than about `ROUNDS` rounds
    for each answer a task; less for those who do less."""
    seconds: FloatArray = np.full(len(work.people), np.nan) if work.seconds is None else work.seconds
    sizes = np.array([window_size(None if np.isnan(s) else float(s), rules.queues) for s in seconds], float)
    sizes = np.maximum(sizes, len(work.keys) / (ROUNDS * max(len(work.people), 1)))
    if work.busy is not None and work.busy.max(initial=0) > 0:
        sizes *= work.busy / work.busy[work.busy > 0].mean()
    return np.asarray(np.maximum(np.ceil(sizes), 1).astype(np.int64))
