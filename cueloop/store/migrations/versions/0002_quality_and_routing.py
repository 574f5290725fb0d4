"""What rests on tasks and annotations: answers, consensus, predictions, routes, decisions."""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables, those first that others refer to."""
    _answers()
    _changes()
    _consensus()
    _decisions()
    _drafts()
    _predictions()
    _routes()
    _task_versions()
    _annotation_versions()
    _assignments()


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("seen_suggestion", sa.Boolean(), nullable=True),
        sa.Column("lead_time", sa.Float(), nullable=True),
        sa.Column("answered_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_answers_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_answers_task")),
        sa.PrimaryKeyConstraint("task", "control", "annotator_id", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_project_id"), ["project_id"], unique=False)


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_changes_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_changes_task")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_changes")),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_changes_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_changes_task"), ["task"], unique=False)


def _consensus() -> None:
    op.create_table(
        "consensus",
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("probabilities", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_consensus_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_consensus_task")),
        sa.PrimaryKeyConstraint("task", "control", name=op.f("pk_consensus")),
    )
    with op.batch_alter_table("consensus", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consensus_project_id"), ["project_id"], unique=False)


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("inputs", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("candidates", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("chosen", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("guideline_version", sa.Integer(), nullable=True),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_decisions_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_decisions_task")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decisions_task"), ["task"], unique=False)


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_drafts_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_drafts_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_task"), ["task"], unique=False)


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("probabilities", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("out_of_fold", sa.Boolean(), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("sent_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("pushed_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_predictions_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_predictions_task")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_predictions")),
        sa.UniqueConstraint(
            "task", "control", "model", "version", name=op.f("uq_predictions_task_control_model_version")
        ),
    )
    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_predictions_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_predictions_task"), ["task"], unique=False)


def _routes() -> None:
    op.create_table(
        "routes",
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wanted", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("published", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("audit", sa.Boolean(), nullable=False),
        sa.Column("plan", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("need", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("published_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_routes_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_routes_task")),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_routes")),
    )
    with op.batch_alter_table("routes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routes_dirty"), ["dirty"], unique=False)
        batch_op.create_index(batch_op.f("ix_routes_need"), ["need"], unique=False)
        batch_op.create_index(batch_op.f("ix_routes_project_id"), ["project_id"], unique=False)


def _task_versions() -> None:
    op.create_table(
        "task_versions",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("data", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("seen_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_task_versions_task")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_task_versions")),
    )
    with op.batch_alter_table("task_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_versions_task"), ["task"], unique=False)


def _annotation_versions() -> None:
    op.create_table(
        "annotation_versions",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("result", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("was_cancelled", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("lead_time", sa.Float(), nullable=True),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.Column("seen_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["unique_id"], ["annotations.unique_id"], name=op.f("fk_annotation_versions_unique_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_annotation_versions")),
        sa.UniqueConstraint(
            "unique_id", "updated_at", name=op.f("uq_annotation_versions_unique_id_updated_at")
        ),
    )
    with op.batch_alter_table("annotation_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_annotation_versions_unique_id"), ["unique_id"], unique=False)


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("decision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("ended_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decision"], ["decisions.key"], name=op.f("fk_assignments_decision")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_assignments_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_assignments_task")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assignments")),
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignments_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignments_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignments_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignments_task"), ["task"], unique=False)
        batch_op.create_index(
            "uq_assignments_open",
            ["task", "annotator_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
