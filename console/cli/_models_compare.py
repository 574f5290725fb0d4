"""`cueloop models compare`: two versions on the same tasks, or by what their cards say."""

from __future__ import annotations

from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store.models import ModelVersion


@click.command()
@click.argument("one", metavar="MODEL")
@click.argument("other", metavar="MODEL")
@project_option
@json_option
@pass_settings
def compare(settings: Settings, one: str, other: str, project: int | None, as_json: bool) -> None:
    """Put two versions side by side, on the same tasks that people answered blind.

    Accuracy with its interval, the paired difference, labels, calibration error, how often they agree. It needs
    their predictions in the store: of versions that served a project, or were pushed. Others are shown with the
    scores of their cards, each judged on the tasks held out at its time.

    Example: `cueloop models compare tickets@champion llm@llm-2026-11 --project 5`
    """
    from ml_backend.registry import resolve

    store = open_store(settings)
    with store.read() as conn:
        found = [resolve(conn, reference) for reference in (one, other)]
    number = project if project is not None else settings.project
    if number is None:
        number = next((v.project_id for v in found if v.project_id is not None), None)
    facts: dict[str, Any] = {
        "project": number,
        "models": [{"model": v.name, "version": v.version,
                    "held_out": {c: r["held_out"] for c, r in v.card["controls"].items()}} for v in found],
        "controls": _side_by_side(store, number, found) if number is not None else []}
    echo(facts, as_json, _text)


def _side_by_side(store: Store, project_id: int, found: list[ModelVersion]) -> list[dict[str, Any]]:
    from cueloop.label_config import parse
    from cueloop.store import projects
    from ml_backend.elsewhere import side_by_side
    from ml_backend.elsewhere.told import REGIONS

    with store.read() as conn:
        controls = parse(projects.get(conn, project_id).label_config).judged
        return [side_by_side.report(side_by_side.choices(conn, project_id, control, found[0], found[1]))
                if control.modelled else
                side_by_side.regions_report(side_by_side.regions(conn, project_id, control, found[0], found[1]))
                for control in controls if control.modelled or control.kind in REGIONS]


def _text(facts: dict[str, Any]) -> str:
    names = [f"{m['model']}@{m['version']}" for m in facts["models"]]
    lines: list[str] = []
    for report in facts["controls"]:
        lines.append(f"{report['control']}: {report['tasks']} tasks that people answered blind and both predicted")
        if report["tasks"]:
            lines += _of_control(report, names)
    judged = any(report["tasks"] for report in facts["controls"])
    return "\n".join(lines + ([] if judged else [
        f"{name}  " + "; ".join(f"{control} {_held(held)}" for control, held in m["held_out"].items())
        for name, m in zip(names, facts["models"], strict=True)]))


def _of_control(report: dict[str, Any], names: list[str]) -> list[str]:
    width = max(map(len, names))
    if "models" not in report:      # regions
        told = report["f1"] or ["-", "-"]
        return [f"  {name:<{width}}  F1 {f1}" for name, f1 in zip(names, told, strict=True)]
    lines = [f"  {name:<{width}}  {m['accuracy']:.3f} ({m['low']:.3f}-{m['high']:.3f}) right, calibration error "
             f"{m['ece']:.3f}" for name, m in zip(names, report["models"], strict=True)]
    if report["difference"]:
        lines.append(f"  difference {report['difference']['accuracy']:+.3f} ± {report['difference']['error']:.3f}, "
                     f"log score {report['difference']['log_score']:+.3f} ± {report['difference']['log_error']:.3f}")
    lines.append(f"  they say the same of {report['agree']:.1%}; both are wrong about {report['both_wrong']}")
    return lines + [f"  {one['label']}: {one['tasks']} tasks, right {_share(one['right'][0])} and "
                    f"{_share(one['right'][1])}" for one in report["labels"]]


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _held(held: dict[str, Any]) -> str:
    return ("not judged yet" if held["accuracy"] is None else
            f"{held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}, {held['tasks']} held out)")
