"""Splits, training policies, rollouts, doubts, lessons; jobs that can be cancelled, versions that can be deleted."""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    op.add_column("predictions", _moment("removed_at", nullable=True))
    op.add_column("model_versions", _moment("deleted_at", nullable=True))
    op.add_column("jobs", sa.Column("why", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("cancel", sa.Text(), nullable=True))
    _table("splits", _text("part"), _text("cluster"), _moment("added_at"), of_task=())
    _table("training_policies", _text("hash"), _text("file"), _text("text"), _text("author"), _moment("created_at"))
    _rollouts()
    _table("doubts", _text("control"), _text("model"), _text("version"), _text("reason"), _moment("created_at"),
           _moment("resolved_at", nullable=True), of_task=("control", "model", "version"))
    _table("lessons", _text("control"), sa.Column("value", sa.Float(), nullable=False), _text("kind"), _text("why"),
           _text("model"), _text("version"), _moment("updated_at"), of_task=("control",))
    for table, moment in (("consensus", "updated_at"), ("predictions", "created_at"), ("lessons", "updated_at")):
        op.create_index(op.f(f"ix_{table}_project_id_{moment}"), table, ["project_id", moment])


def _rollouts() -> None:
    _table("rollouts", _text("name"), _text("version"), sa.Column("before", sa.Text(), nullable=True), _text("state"),
           sa.Column("counts", cueloop.store.columns.Json(), nullable=False),
           sa.Column("error", sa.Text(), nullable=True), _moment("started_at"), _moment("updated_at"),
           _moment("ended_at", nullable=True))


def _table(name: str, *columns: sa.Column[object], of_task: tuple[str, ...] | None = None) -> None:
    """A table about projects; `of_task`: columns that with the task are its key, or None: it has a key of its own."""
    if of_task is None:
        own: list[sa.Column[object] | sa.Constraint] = [
            sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
            sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{name}"))]
    else:
        own = [sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
               sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f(f"fk_{name}_task")),
               sa.PrimaryKeyConstraint("task", *of_task, name=op.f(f"pk_{name}"))]
    op.create_table(name, sa.Column("project_id", sa.Integer(), nullable=False), *columns, *own,
                    sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f(f"fk_{name}_project_id")))
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{name}_project_id"), ["project_id"], unique=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, cueloop.store.columns.Utc(timezone=True), nullable=nullable)
