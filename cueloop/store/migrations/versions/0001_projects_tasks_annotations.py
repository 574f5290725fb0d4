"""Projects, models, guidelines, tasks and annotations."""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, those first that others refer to."""
    _aliases()
    _annotators()
    _audit()
    _jobs()
    _projects()
    _agreement()
    _fits()
    _guidelines()
    _journal()
    _model_versions()
    _performance()
    _rules()
    _tasks()
    _annotations()


def _aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name=op.f("pk_aliases")),
    )


def _annotators() -> None:
    op.create_table(
        "annotators",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("deleted_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotators")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("args", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("detail", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("queued_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("started_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("ended_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_state"), ["state"], unique=False)


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("label_config", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("pilot", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("connected_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("cursor", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("swept_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("rules_hash", sa.Text(), nullable=True),
        sa.Column("guideline_version", sa.Integer(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("routed", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("dirty", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )


def _agreement() -> None:
    op.create_table(
        "agreement",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_agreement_project_id")),
        sa.PrimaryKeyConstraint("project_id", "control", "metric", name=op.f("pk_agreement")),
    )


def _fits() -> None:
    op.create_table(
        "fits",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("labels", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("prior", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("pooled", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("warnings", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_fits_project_id")),
        sa.PrimaryKeyConstraint("project_id", "control", name=op.f("pk_fits")),
    )


def _guidelines() -> None:
    op.create_table(
        "guidelines",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("in_force_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_guidelines_project_id")),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_guidelines")),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("before", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("after", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("undone_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_journal_project_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_project_id"), ["project_id"], unique=False)


def _model_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("card", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_model_versions_project_id")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_model_versions")),
    )
    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_model_versions_project_id"), ["project_id"], unique=False)


def _performance() -> None:
    op.create_table(
        "performance",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("skips", sa.Integer(), nullable=False),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("labels", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("confusion", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("counts", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("median_lead_time", sa.Float(), nullable=True),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_performance_project_id")),
        sa.PrimaryKeyConstraint("project_id", "control", "annotator_id", name=op.f("pk_performance")),
    )


def _rules() -> None:
    op.create_table(
        "rules",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audit_share", sa.Float(), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_rules_project_id")),
        sa.PrimaryKeyConstraint("project_id", "hash", name=op.f("pk_rules")),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column(
            "key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("data", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("cue", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=True),
        sa.Column("is_labeled", sa.Boolean(), nullable=True),
        sa.Column("original", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("written_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("base_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("deleted_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tasks_project_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tasks")),
        sa.UniqueConstraint("project_id", "id", "created_at", name=op.f("uq_tasks_project_id_id_created_at")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_project_id"), ["project_id"], unique=False)


def _annotations() -> None:
    op.create_table(
        "annotations",
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=True),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.Column("result", cueloop.store.columns.Json(none_as_null=True), nullable=False),
        sa.Column("answer", cueloop.store.columns.Json(none_as_null=True), nullable=True),
        sa.Column("answered_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.Column("was_cancelled", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("lead_time", sa.Float(), nullable=True),
        sa.Column("created_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", cueloop.store.columns.Utc(timezone=True), nullable=False),
        sa.Column("parent_prediction", sa.Integer(), nullable=True),
        sa.Column("parent_annotation", sa.Integer(), nullable=True),
        sa.Column("guideline_version", sa.Integer(), nullable=True),
        sa.Column("seen_suggestion", sa.Boolean(), nullable=True),
        sa.Column("outside_queue", sa.Boolean(), nullable=True),
        sa.Column("deleted_at", cueloop.store.columns.Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_annotations_project_id")),
        sa.ForeignKeyConstraint(["task"], ["tasks.key"], name=op.f("fk_annotations_task")),
        sa.PrimaryKeyConstraint("unique_id", name=op.f("pk_annotations")),
    )
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_annotations_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_annotations_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_annotations_task"), ["task"], unique=False)
