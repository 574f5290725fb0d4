"""All coefficients that fit a level of measurement, beside each other: no single one tells everything."""

from __future__ import annotations

from typing import Any

from sync.agreement import cohen, distance, fleiss, gwet, krippendorff, percent, weights
from sync.agreement.measured import Figure, measured, missing
from sync.agreement.pairs import LEAST, Overlaps, answers_of
from sync.agreement.table import Table, paired
from sync.agreement.told import told
from sync.agreement.units import Units

HEADLINE = "krippendorff_alpha"


def kappa_weights(level: str) -> str:
    """Weights of the kappa that fits a level best."""
    return "none" if level == "nominal" else "quadratic"


def coefficients(units: Units, overlap: Overlaps, level: str, *, replicates: int = 1000,
                 seed: int = 0) -> list[dict[str, Any]]:
    """One record a coefficient: metric, value, interval, tasks, answers, reason.

    Nominal: percent, mean Cohen's kappa over pairs, Fleiss' kappa, alpha, AC1. Ordinal: percent, mean absolute
    difference, kappa with linear and quadratic weights, Fleiss' kappa and AC1, which know no order, alpha, AC2 with
    quadratic weights. Interval: percent, mean absolute difference, kappa with quadratic weights, alpha, AC2. Mean
    kappa is over the pairs of `overlap` with enough tasks in common.
    """
    table = units.table()
    figures: dict[str, Figure] = {"percent": percent.figure(table)}
    if level != "nominal":
        figures["mean_absolute_difference"] = distance.figure(table)
    for scheme in {"nominal": ["none"], "ordinal": ["linear", "quadratic"], "interval": ["quadratic"]}[level]:
        figures[cohen.metric(scheme)] = _mean_kappa(units, overlap, table, scheme)
    if level != "interval":
        figures["fleiss_kappa"] = fleiss.figure(table)
    figures[HEADLINE] = krippendorff.figure(table, level)
    if level != "interval":
        figures["gwet_ac1"] = gwet.figure(table)
    if level != "nominal":
        figures["gwet_ac2"] = _weighted_gwet(table)
    return [{"metric": metric, **told(measured(figure, replicates=replicates, seed=seed))}
            for metric, figure in figures.items()]


def _mean_kappa(units: Units, overlap: Overlaps, table: Table, scheme: str) -> Figure:
    pairs = overlap.pairs[overlap.shared >= LEAST]
    if not len(pairs):
        return missing(f"no two annotators share {LEAST} tasks or more")
    compared = (cohen.compare(tasks, first, second, units.position, scheme)
                for tasks, first, second in answers_of(units, pairs))
    return cohen.mean_figure(compared, table.size)


def _weighted_gwet(table: Table) -> Figure:
    if table.labels < 2:
        return gwet.figure(table)
    if table.labels > weights.MANY_CATEGORIES:
        pairs = paired(table)
        return missing(f"{table.labels} different answers are no scale of categories (at most "
                       f"{weights.MANY_CATEGORIES})", pairs.tasks, pairs.answers)
    return gwet.figure(table, weights.quadratic(table.position))
