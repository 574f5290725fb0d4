"""Teams, pauses, notices, adjudications; deadlines, the clock, predicted regions."""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    op.add_column("predictions", sa.Column("value", cueloop.store.columns.Json(), nullable=True))
    op.add_column("assignments", sa.Column("due_at", cueloop.store.columns.Utc(timezone=True), nullable=True))
    op.add_column("routes", sa.Column("wake_at", cueloop.store.columns.Utc(timezone=True), nullable=True))
    with op.batch_alter_table("routes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routes_wake_at"), ["wake_at"], unique=False)
    _groups()
    _teams()
    _pauses()
    _notices()
    _adjudications()


def _key() -> sa.Column[int]:
    return sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, cueloop.store.columns.Utc(timezone=True), nullable=nullable)


def _groups() -> None:
    for name in ("audience", "together"):
        op.add_column("routes", sa.Column(name, sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("routes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routes_together"), ["together"], unique=False)
        batch_op.create_index("ix_routes_hungry", ["project_id", "audience", "priority", "task"],
                              unique=False, sqlite_where=sa.text("need > 0"), postgresql_where=sa.text("need > 0"))


def _teams() -> None:
    op.create_table("teams", _key(), _text("hash"), _text("file"), _text("text"), _text("author"),
                    _moment("created_at"), sa.PrimaryKeyConstraint("key", name=op.f("pk_teams")))


def _pauses() -> None:
    op.create_table(
        "pauses", _key(), sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False), _text("rule"), _text("rules_hash"), _text("reason"),
        sa.Column("details", cueloop.store.columns.Json(), nullable=False),
        sa.Column("training", cueloop.store.columns.Json(), nullable=True), _moment("created_at"),
        _moment("lifted_at", nullable=True), sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_pauses_project_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pauses")))
    with op.batch_alter_table("pauses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pauses_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pauses_project_id"), ["project_id"], unique=False)
        batch_op.create_index("uq_pauses_open", ["project_id", "annotator_id"], unique=True,
                              sqlite_where=sa.text("lifted_at IS NULL"),
                              postgresql_where=sa.text("lifted_at IS NULL"))


def _notices() -> None:
    op.create_table(
        "notices", _key(), sa.Column("project_id", sa.Integer(), nullable=True), _text("kind"), _text("recipient"),
        _text("subject"), _text("text"), _text("once"), _moment("created_at"), _moment("sent_at", nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        _moment("tried_at", nullable=True), sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notices")),
        sa.UniqueConstraint("once", name=op.f("uq_notices_once")))
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_project_id"), ["project_id"], unique=False)


def _adjudications() -> None:
    op.create_table(
        "adjudications", sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _text("control"), sa.Column("annotator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False), _text("rule"), _moment("created_at"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_adjudications_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_adjudications_task")),
        sa.PrimaryKeyConstraint("task", "control", "annotator_id", name=op.f("pk_adjudications")))
    with op.batch_alter_table("adjudications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_adjudications_project_id"), ["project_id"], unique=False)
