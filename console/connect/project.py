"""Settings of the project that the router needs, and those that Cueloop changes later on."""

from __future__ import annotations

from typing import Any

from console.connect.backend import TITLE
from console.connect.site import Site
from console.connect.steps import Step
from cueloop import journal
from cueloop.journal import Entry

KIND = "settings"
KEPT = ("maximum_annotations", "evaluate_predictions_automatically", "expert_instruction", "show_instruction",
        "model_version")
"""Written down at the first connect, whoever changes them later: guidelines, pre-labelling, this module."""


def wanted(site: Site) -> dict[str, Any]:
    """The settings that differ from what the router needs."""
    project, change = site.project, {}
    # With tasks in the project this would overwrite their overlaps, so it is for empty ones only.
    if project["maximum_annotations"] != 1 and not project["task_number"]:
        change["maximum_annotations"] = 1
    # Would have Label Studio ask a backend for predictions whenever tasks are listed, blind ones too.
    if project["evaluate_predictions_automatically"]:
        change["evaluate_predictions_automatically"] = False
    return change


def plan(site: Site) -> list[Step]:
    """Write down what stands, then change what must be changed."""
    change = wanted(site)
    if not change and journal.standing(site.store, site.project_id, KIND):
        return []
    says = "set " + ", ".join(f"{name} = {value}" for name, value in change.items()) if change else \
        "write down the project's settings (changes nothing)"
    return [Step(KIND, f"project {site.project_id}", says, lambda: _change(site, change),
                 before=_first(site) | {name: site.project[name] for name in change})]


def conflicts(site: Site) -> list[str]:
    """Settings of people's that Cueloop will replace or must live with."""
    project, found = site.project, []
    if project["expert_instruction"]:
        found.append("The project has instructions. They stay until you put a guideline in force "
                     "(`cueloop guidelines`); disconnect brings them back.")
    if project["maximum_annotations"] > 1 and project["task_number"]:
        found.append(f"New tasks get overlap {project['maximum_annotations']} (maximum_annotations). It stays, because "
                     "a change would overwrite the overlaps of existing tasks. Overlaps are set task by task.")
    if not project["show_collab_predictions"]:
        found.append("Pre-labels are not shown to annotators (show_collab_predictions is off), and stay so.")
    return found


def undo(site: Site, entry: Entry) -> None:
    """Bring back what stands otherwise now, unless somebody else changed it since."""
    project = site.again().project
    change = {name: value for name, value in (entry.before or {}).items()
              if project[name] != value and _ours(site, name, project[name])}
    if change.get("model_version") and not _exists(site, change["model_version"]):
        change["model_version"] = ""        # its predictions were deleted meanwhile: Label Studio would refuse it
    if change:
        site.client.patch_project(site.project_id, **change)


def _change(site: Site, change: dict[str, Any]) -> dict[str, Any]:
    if change:
        site.client.patch_project(site.project_id, **change)
    return change


def _first(site: Site) -> dict[str, Any]:
    """What stands now of everything, at the first connect; later on that is known already."""
    if any(entry.state == journal.DONE for entry in journal.standing(site.store, site.project_id, KIND)):
        return {}
    return {name: site.project[name] for name in KEPT}


def _exists(site: Site, version: str) -> bool:
    """Whether Label Studio would take it as the model version."""
    return version in site.client.model_versions(site.project_id) or version in {b["title"] for b in site.backends}


def _ours(site: Site, name: str, stands: Any) -> bool:
    """Whether what stands there now is Cueloop's doing."""
    from console.connect import traces

    if name == "expert_instruction":
        return traces.is_our_instruction(site, stands)
    if name == "show_instruction":
        return traces.is_our_instruction(site, site.project["expert_instruction"])
    if name == "model_version":
        return stands in {*traces.pushed_versions(site), TITLE}
    return bool(stands == {"maximum_annotations": 1, "evaluate_predictions_automatically": False}[name])
