"""Structured answers, reviews, hidden copies, the model as a voice, scorecards and reports."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, all of which may be unknown for what is there, and the reports."""
    _columns("projects", _json("declared"))
    _columns("tasks", sa.Column("copy_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_copy_of"), ["copy_of"], unique=False)
    _columns("annotations", sa.Column("imported", sa.Boolean(), nullable=True))
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.create_index("ix_annotations_project_id_deleted_at_created_at",
                              ["project_id", "deleted_at", "created_at"], unique=False)
    _imported()
    _columns("assignments", sa.Column("kind", sa.Text(), server_default="ask", nullable=False))
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignments_kind"), ["kind"], unique=False)
    _columns("changes", sa.Column("moved", sa.Boolean(), server_default=sa.false(), nullable=False))
    _columns("answers", _json("value"), sa.Column("guideline_version", sa.Integer(), nullable=True),
             sa.Column("review", sa.Boolean(), server_default=sa.false(), nullable=False))
    _columns("consensus", _json("value"), _json("people"), sa.Column("effective", sa.Float(), nullable=True),
             sa.Column("wrong", sa.Float(), nullable=True))
    _columns("fits", _json("voice"), sa.Column("kind", sa.Text(), nullable=True))
    _columns("performance", _json("details"))
    _figures()
    # More shapes of answers count now, and reviews do: the next pull derives all answers again (sync.answers).
    projects = sa.table("projects", sa.column("dirty", cueloop.store.columns.Json()))
    op.execute(projects.update().values(dirty={"answers": True}))


def _imported() -> None:
    """Nobody ever saved what only an import wrote, and what the machine accepted came out of a prediction."""
    notes = sa.table("annotations", *(sa.column(name) for name in (
        "imported", "updated_by", "annotator_id", "parent_prediction", "parent_annotation")))
    op.execute(notes.update().where(
        notes.c.updated_by.is_(None), notes.c.annotator_id.is_not(None), notes.c.parent_prediction.is_(None),
        notes.c.parent_annotation.is_(None)).values(imported=sa.true()))


def _columns(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, cueloop.store.columns.Json(), nullable=True)


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", cueloop.store.columns.Json(), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_figures_project_id")),
        sa.PrimaryKeyConstraint("project_id", "control", "name", name=op.f("pk_figures")),
    )
