"""When a team's own class (`LabelStudioMLBase`) is trained: as our models are, by what was labelled."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from cueloop.label_config import parse
from cueloop.store import models, projects
from cueloop.store.models import OWN_CLASS
from ml_backend.policy.policy import Policy
from ml_backend.triggers import facts, labels
from ml_backend.triggers.examine import Standing, examine, resting
from ml_backend.triggers.kept import kept

NOTHING = Standing((), None, None)


def examine_class(conn: sa.Connection, project_id: int, policy: Policy, *, deep: bool = True) -> Standing:
    """How a project stands that such a class serves; without looks where it has no version, or does not train.

    Where the label config has no control that a model of ours could predict, any answer counts as a label.
    """
    versions = [v for v in models.versions(conn, models.name_for(conn, project_id)) if v.kind == OWN_CLASS]
    if not versions or not versions[0].card["trains"]:
        return NOTHING
    if parse(projects.get(conn, project_id).label_config).modelled:
        return examine(conn, project_id, policy, deep=deep)
    last = next((v for v in versions if v.project_id == project_id), None)
    before = last.card["labelled"].get("", 0) if last else 0
    labelled = kept(conn, project_id, "labelled", partial(facts.all_labelled, conn, project_id), anew=deep)
    look = labels.growth("", labelled - before, before, policy.train)
    return Standing((look,), resting(conn, project_id, policy, last, deep=deep), last.created_at if last else None)
