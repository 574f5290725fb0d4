"""Tables of the store. `task` columns hold `tasks.key`, never Label Studio's id, which SQLite reuses.

A column that may be NULL because we cannot know says so: unknown is a value (what happened before Cueloop
was connected is unknown, never defaulted).
"""

import sqlalchemy as sa

from cueloop.store.columns import Json, Utc

metadata = sa.MetaData(naming_convention={
    "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"})


def _key(name: str = "key") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def _project(*, primary: bool = False) -> sa.Column[int]:
    return sa.Column("project_id", sa.ForeignKey("projects.id"), primary_key=primary, nullable=False, index=not primary)


def _task(*, primary: bool = False) -> sa.Column[int]:
    return sa.Column("task", sa.ForeignKey("tasks.key"), primary_key=primary, nullable=False, index=not primary)


projects = sa.Table("projects", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),   # Label Studio's project id
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("label_config", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),             # observe | pilot | connected | disconnected
    sa.Column("pilot", Json),                               # {"annotators": [...], "filter": ...} in pilot mode
    sa.Column("connected_at", Utc, nullable=False),
    sa.Column("cursor", Utc),                               # updated_at up to which tasks were pulled
    sa.Column("swept_at", Utc),
    sa.Column("rules_hash", sa.Text),                       # rules in force
    sa.Column("guideline_version", sa.Integer),             # guideline in force
    sa.Column("model", sa.Text),                            # name of the model that serves this project
    sa.Column("routed", Json),                              # {"rules", "model", "at"}: what the last routing had seen
    sa.Column("declared", Json),                            # what the rules in force say about quality: see declared.py
    sa.Column("dirty", Json))                               # kinds of work that an event asked for

tasks = sa.Table("tasks", metadata,
    _key(), _project(),
    sa.Column("id", sa.Integer, nullable=False),            # Label Studio's id; reused after deletion on SQLite
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("data", Json, nullable=False),                # the customer's fields, without our cue_ keys
    sa.Column("cue", Json, nullable=False),                 # our cue_ keys as last seen in Label Studio
    sa.Column("overlap", sa.Integer),
    sa.Column("is_labeled", sa.Boolean),
    sa.Column("original", Json),                            # overlap and is_labeled before our first write
    sa.Column("blind", sa.Boolean, nullable=False, default=False),   # no suggestion may be shown
    sa.Column("written_at", Utc),                           # updated_at in the reply to our last write
    sa.Column("base_at", Utc),                              # updated_at of the re-read that write rested on
    sa.Column("copy_of", sa.BigInteger().with_variant(sa.Integer, "sqlite"), index=True),   # key of the task that this
    # one asks again, hidden from the annotator; such a copy is no task of its own: no consensus, training, export
    sa.Column("deleted_at", Utc),
    sa.UniqueConstraint("project_id", "id", "created_at"),
    sa.Index("ix_tasks_blind", "project_id", "id",          # every serving process looks at these all the time
             sqlite_where=sa.text("blind = 1 AND deleted_at IS NULL"),
             postgresql_where=sa.text("blind AND deleted_at IS NULL")))

task_versions = sa.Table("task_versions", metadata,         # the customer's fields, each version that was seen
    _key(), _task(),
    sa.Column("data", Json, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),           # Label Studio's clock
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("ours", sa.Boolean, nullable=False))          # seen as the reply to our own write

annotations = sa.Table("annotations", metadata,
    sa.Column("unique_id", sa.Text, primary_key=True), _project(), _task(),
    sa.Column("id", sa.Integer, nullable=False),
    sa.Column("annotator_id", sa.Integer, index=True),      # first completed_by; NULL: already deleted when first seen
    sa.Column("updated_by", sa.Integer),
    sa.Column("result", Json, nullable=False),              # as it stands in Label Studio
    sa.Column("answer", Json),                              # the author's own last result; NULL: unknown
    sa.Column("answered_at", Utc),                          # when the author gave it
    sa.Column("was_cancelled", sa.Boolean, nullable=False), # a skip
    sa.Column("ground_truth", sa.Boolean, nullable=False),
    sa.Column("lead_time", sa.Float),                       # seconds
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("parent_prediction", sa.Integer),
    sa.Column("parent_annotation", sa.Integer),
    sa.Column("guideline_version", sa.Integer),             # in force when made; NULL: unknown
    sa.Column("seen_suggestion", sa.Boolean),               # was a prediction on screen; NULL: unknown
    sa.Column("outside_queue", sa.Boolean),                 # made without being asked; NULL: unknown
    sa.Column("imported", sa.Boolean),                      # came with an import, not from the editor; NULL: unknown
    sa.Column("deleted_at", Utc),
    sa.Index(None, "project_id", "deleted_at", "created_at"))   # one day's work, and what was deleted since a moment

annotation_versions = sa.Table("annotation_versions", metadata,   # every version that was seen
    _key(), sa.Column("unique_id", sa.ForeignKey("annotations.unique_id"), nullable=False, index=True),
    sa.Column("result", Json, nullable=False),
    sa.Column("was_cancelled", sa.Boolean, nullable=False),
    sa.Column("ground_truth", sa.Boolean, nullable=False),
    sa.Column("lead_time", sa.Float),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("updated_by", sa.Integer),
    sa.Column("seen_at", Utc, nullable=False),
    sa.UniqueConstraint("unique_id", "updated_at"))

changes = sa.Table("changes", metadata,                     # tasks that the loop's steps still have to see
    _key(), _project(), _task(),
    sa.Column("moved", sa.Boolean, nullable=False, server_default=sa.false()))   # only its consensus did, in a full run

drafts = sa.Table("drafts", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), _project(), _task(),
    sa.Column("annotator_id", sa.Integer), sa.Column("updated_at", Utc, nullable=False))

answers = sa.Table("answers", metadata,                     # what counts: newest answer of a person, task and control
    _task(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("annotator_id", sa.Integer, primary_key=True), _project(),
    sa.Column("label", sa.Text, nullable=False),            # of a structured answer: a short text of it
    sa.Column("value", Json),                               # a structured answer (sync.kinds); NULL for a choice
    sa.Column("unique_id", sa.Text, nullable=False),
    sa.Column("ground_truth", sa.Boolean, nullable=False),
    sa.Column("review", sa.Boolean, nullable=False, server_default=sa.false()),   # an edit of another's annotation
    sa.Column("seen_suggestion", sa.Boolean),
    sa.Column("guideline_version", sa.Integer),             # in force when given; NULL: unknown
    sa.Column("lead_time", sa.Float),
    sa.Column("answered_at", Utc, nullable=False))

predictions = sa.Table("predictions", metadata,
    _key(), _project(), _task(),
    sa.Column("control", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),            # NAME
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),           # calibrated probability of `label`
    sa.Column("probabilities", Json, nullable=False),       # {label: probability}
    sa.Column("out_of_fold", sa.Boolean, nullable=False),   # the model was not trained on this task
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("sent_at", Utc),                              # a push began; it arrived only if pushed_at is set
    sa.Column("pushed_at", Utc),
    sa.Column("value", Json),                               # predicted regions [{label, score, ...}]; NULL for a choice
    sa.Column("explanation", Json),                         # {for: [[token, weight]], against: ...}; NULL: unknown
    sa.Column("raw", Json),                                 # what a pipeline of others said, before calibration
    sa.Column("removed_at", Utc),                           # taken out of Label Studio again, by policy
    sa.UniqueConstraint("task", "control", "model", "version"),
    sa.Index(None, "project_id", "created_at"))             # what is new

annotators = sa.Table("annotators", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),   # Label Studio's user id
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),            # name of the queue in cue_queue, e.g. "w12"
    sa.Column("kind", sa.Text, nullable=False),             # person | machine
    sa.Column("deleted_at", Utc))

consensus = sa.Table("consensus", metadata,
    _task(primary=True), sa.Column("control", sa.Text, primary_key=True), _project(),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),     # calibrated, of `label`
    sa.Column("probabilities", Json, nullable=False),       # {label: probability}
    sa.Column("answers", sa.Integer, nullable=False),       # people's answers it rests on
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("value", Json),                               # a structured consensus; NULL for a choice
    sa.Column("people", Json),                              # {label: probability} without the model's voice
    sa.Column("effective", sa.Float),                       # how many average answers it is worth
    sa.Column("wrong", sa.Float),                           # chance that `label` is wrong
    sa.Column("updated_at", Utc, nullable=False),
    sa.Index(None, "project_id", "updated_at"))             # what is new: asked in every round of the loop

fits = sa.Table("fits", metadata,                           # what the last full run of the consensus knew
    _project(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("labels", Json, nullable=False),              # order of rows and columns
    sa.Column("prior", Json, nullable=False),               # class shares
    sa.Column("pooled", Json, nullable=False),              # the crowd's confusion: labels x labels
    sa.Column("answers", sa.Integer, nullable=False),       # how many it was fitted to
    sa.Column("stale", sa.Integer, nullable=False),         # tasks that were updated since
    sa.Column("warnings", Json, nullable=False),            # [sentence]
    sa.Column("voice", Json),                               # the model as a voice: what was learned of it
    sa.Column("kind", sa.Text),                             # shape of its answers (cueloop.types.KINDS)
    sa.Column("updated_at", Utc, nullable=False))

performance = sa.Table("performance", metadata,
    _project(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("annotator_id", sa.Integer, primary_key=True),
    sa.Column("answers", sa.Integer, nullable=False),
    sa.Column("skips", sa.Integer, nullable=False),
    sa.Column("accuracy", sa.Float, nullable=False),
    sa.Column("low", sa.Float, nullable=False),             # 95 % interval
    sa.Column("high", sa.Float, nullable=False),
    sa.Column("labels", Json, nullable=False),              # order of rows and columns
    sa.Column("confusion", Json, nullable=False),           # P(answer l | truth k), shrunk: labels x labels
    sa.Column("counts", Json, nullable=False),              # expected counts behind it: labels x labels
    sa.Column("median_lead_time", sa.Float),                # seconds
    sa.Column("details", Json),                             # the scorecard, and what only this kind of answer has
    sa.Column("updated_at", Utc, nullable=False))

agreement = sa.Table("agreement", metadata,
    _project(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("metric", sa.Text, primary_key=True),         # alpha
    sa.Column("value", sa.Float), sa.Column("low", sa.Float), sa.Column("high", sa.Float),   # NULL: too few data
    sa.Column("tasks", sa.Integer, nullable=False), sa.Column("answers", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),                           # why a value is NULL
    sa.Column("updated_at", Utc, nullable=False))

figures = sa.Table("figures", metadata,                     # reports kept up to date: agreement, flow, cost, gold
    _project(primary=True), sa.Column("control", sa.Text, primary_key=True),   # empty: of the whole project
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("updated_at", Utc, nullable=False))

model_versions = sa.Table("model_versions", metadata,
    sa.Column("name", sa.Text, primary_key=True), sa.Column("version", sa.Text, primary_key=True),
    sa.Column("project_id", sa.ForeignKey("projects.id"), index=True),   # NULL: trained offline from a CSV
    sa.Column("kind", sa.Text, nullable=False),             # e.g. text-linear
    sa.Column("path", sa.Text, nullable=False),             # below the artifacts URL
    sa.Column("sha256", Json, nullable=False),              # {file: hash}
    sa.Column("card", Json, nullable=False),                # metrics, parent, data hash, guideline, libraries
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("deleted_at", Utc))                           # its files are gone; its card stays, for lineage

aliases = sa.Table("aliases", metadata,
    sa.Column("name", sa.Text, primary_key=True), sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False), sa.Column("updated_at", Utc, nullable=False))

rules = sa.Table("rules", metadata,
    _project(primary=True), sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("file", sa.Text, nullable=False), sa.Column("text", sa.Text, nullable=False),
    sa.Column("audit_share", sa.Float, nullable=False, default=0.0),   # tasks held out: never shown a suggestion
    sa.Column("created_at", Utc, nullable=False), sa.Column("author", sa.Text, nullable=False))

decisions = sa.Table("decisions", metadata,                 # append-only: why each thing was done
    _key(), _project(), _task(),
    sa.Column("control", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),             # accept | audit | ask | stop | escalate | reopen |
    # review | gold | recheck | deadline | override
    sa.Column("rule", sa.Text, nullable=False),             # name in the rules file
    sa.Column("rules_hash", sa.Text, nullable=False),
    sa.Column("inputs", Json, nullable=False),              # signals the rule saw
    sa.Column("candidates", Json, nullable=False),          # [{annotator_id, value, ...}] considered, best first
    sa.Column("chosen", Json, nullable=False),              # annotator ids or label
    sa.Column("probability", sa.Float, nullable=False),     # with which it was chosen
    sa.Column("model_version", sa.Text), sa.Column("guideline_version", sa.Integer),
    sa.Column("created_at", Utc, nullable=False))

routes = sa.Table("routes", metadata,                       # where a task stands, and what Label Studio shows of it
    _task(primary=True), _project(),
    sa.Column("state", sa.Text, nullable=False),            # waiting | asked | accepted | done | escalated
    sa.Column("wanted", Json, nullable=False),              # {"cue": {...}, "overlap": n, "is_labeled": bool}
    sa.Column("published", Json),                           # the same, as Label Studio last confirmed it
    sa.Column("dirty", sa.Boolean, nullable=False, index=True),   # wanted differs from published
    sa.Column("audit", sa.Boolean, nullable=False, default=False),
    sa.Column("plan", Json, nullable=False),                # what the rules want: kind, rule, target of answers, people
    sa.Column("need", sa.Integer, nullable=False, default=0, index=True),   # people still to be asked
    sa.Column("priority", sa.Float, nullable=False, default=0.0),   # most wanted first
    sa.Column("updated_at", Utc, nullable=False), sa.Column("published_at", Utc),
    sa.Column("wake_at", Utc, index=True),                  # when the clock alone gives a reason to look again
    sa.Column("audience", sa.Text, nullable=False, server_default=""),   # who may be asked, fields read; empty: anybody
    sa.Column("together", sa.Text, nullable=False, server_default="", index=True),   # tasks that go to the same people
    sa.Index("ix_routes_hungry", "project_id", "audience", "priority", "task",
             sqlite_where=sa.text("need > 0"), postgresql_where=sa.text("need > 0")))

assignments = sa.Table("assignments", metadata,             # who was asked what
    _key(), _project(), _task(),
    sa.Column("annotator_id", sa.Integer, nullable=False, index=True),
    sa.Column("decision", sa.ForeignKey("decisions.key"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="ask", index=True),   # ask | gold | recheck | review
    sa.Column("state", sa.Text, nullable=False, index=True),   # open | answered | skipped | withdrawn | returned
    sa.Column("created_at", Utc, nullable=False), sa.Column("ended_at", Utc),
    sa.Column("due_at", Utc),                               # until when it is to be answered
    sa.Index("uq_assignments_open", "task", "annotator_id", unique=True,   # nobody is asked twice at a time
             sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")))

adjudications = sa.Table("adjudications", metadata,         # who decided what: their answer is the consensus
    _task(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("annotator_id", sa.Integer, primary_key=True, autoincrement=False), _project(),
    sa.Column("rule", sa.Text, nullable=False),             # name of the rule that asked them to
    sa.Column("created_at", Utc, nullable=False))           # of several the newest counts whose answer stands

teams = sa.Table("teams", metadata,                         # team.yaml, each that was applied; the newest is in force
    _key(), sa.Column("hash", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False), sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False), sa.Column("created_at", Utc, nullable=False))

pauses = sa.Table("pauses", metadata,                       # who is asked nothing more, and why
    _key(), _project(),
    sa.Column("annotator_id", sa.Integer, nullable=False, index=True),
    sa.Column("rule", sa.Text, nullable=False), sa.Column("rules_hash", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),           # one sentence, also for the annotator
    sa.Column("details", Json, nullable=False),             # the signals that the rule saw
    sa.Column("training", Json),                            # {"right": n} to be asked again; NULL: an admin lifts it
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("lifted_at", Utc), sa.Column("lifted_by", sa.Text),
    sa.Index("uq_pauses_open", "project_id", "annotator_id", unique=True,
             sqlite_where=sa.text("lifted_at IS NULL"), postgresql_where=sa.text("lifted_at IS NULL")))

notices = sa.Table("notices", metadata,                     # what people are to be told, each once
    _key(), sa.Column("project_id", sa.Integer, index=True),
    sa.Column("kind", sa.Text, nullable=False),             # e.g. pause, deadline, threshold, budget, review
    sa.Column("recipient", sa.Text, nullable=False),        # e-mail address; `admin` for those who run Cueloop
    sa.Column("subject", sa.Text, nullable=False), sa.Column("text", sa.Text, nullable=False),
    sa.Column("once", sa.Text, nullable=False, unique=True),   # what makes it one notice, however often it is raised
    sa.Column("created_at", Utc, nullable=False), sa.Column("sent_at", Utc),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"), sa.Column("tried_at", Utc),
    sa.Column("error", sa.Text))

splits = sa.Table("splits", metadata,                       # what a labelled task is for, once and for all
    _task(primary=True), _project(),
    sa.Column("part", sa.Text, nullable=False),             # train | holdout | apart (too like tasks of both)
    sa.Column("cluster", sa.Text, nullable=False),          # tasks that are near-duplicates or of one source share it
    sa.Column("added_at", Utc, nullable=False))

training_policies = sa.Table("training_policies", metadata,   # training.yaml, each applied; the newest is in force
    _key(), _project(),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False), sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False), sa.Column("created_at", Utc, nullable=False))

rollouts = sa.Table("rollouts", metadata,                   # a version on its way into Label Studio, resumable
    _key(), _project(),
    sa.Column("name", sa.Text, nullable=False), sa.Column("version", sa.Text, nullable=False),
    sa.Column("before", sa.Text),                           # version that Label Studio showed
    sa.Column("state", sa.Text, nullable=False),            # predicting | pushing | verifying | switched | removing |
    # done | overtaken
    sa.Column("counts", Json, nullable=False),              # {predicted, pushed, expected, found, refused, removed}
    sa.Column("error", sa.Text),                            # why it does not go on
    sa.Column("started_at", Utc, nullable=False), sa.Column("updated_at", Utc, nullable=False),
    sa.Column("ended_at", Utc))

doubts = sa.Table("doubts", metadata,                       # pre-labelled by a version that was found bad
    _task(primary=True), sa.Column("control", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True), sa.Column("version", sa.Text, primary_key=True), _project(),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("resolved_at", Utc))                          # a person has answered it since

lessons = sa.Table("lessons", metadata,                     # what a person's answer to a task would teach the model
    _task(primary=True), sa.Column("control", sa.Text, primary_key=True), _project(),
    sa.Column("value", sa.Float, nullable=False),           # 0 to 1: its rank among the project's tasks
    sa.Column("kind", sa.Text, nullable=False),             # label | second: a second opinion on a label
    sa.Column("why", sa.Text, nullable=False),              # why it would (`ml_backend.active`): margin, ...
    sa.Column("model", sa.Text, nullable=False), sa.Column("version", sa.Text, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Index(None, "project_id", "updated_at"))             # what is new

guidelines = sa.Table("guidelines", metadata,
    _project(primary=True), sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),             # Markdown
    sa.Column("author", sa.Text, nullable=False), sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", Utc, nullable=False), sa.Column("in_force_at", Utc))

jobs = sa.Table("jobs", metadata,                           # every job and its outcome; RQ forgets
    _key(), sa.Column("kind", sa.Text, nullable=False), sa.Column("project_id", sa.Integer, index=True),
    sa.Column("function", sa.Text, nullable=False), sa.Column("args", Json, nullable=False),
    sa.Column("timeout", sa.Integer, nullable=False),       # seconds
    sa.Column("state", sa.Text, nullable=False, index=True),   # queued | running | done | failed | cancelled
    sa.Column("again", sa.Boolean, nullable=False),         # an event came during the run: run once more
    sa.Column("why", sa.Text),                              # what asked for it; several reasons are joined
    sa.Column("cancel", sa.Text),                           # who asked that it stop; NULL: nobody
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("detail", Json), sa.Column("error", sa.Text),
    sa.Column("queued_at", Utc, nullable=False), sa.Column("started_at", Utc), sa.Column("ended_at", Utc))

audit = sa.Table("audit", metadata,                         # hash chain: who did what
    _key(), sa.Column("at", Utc, nullable=False), sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False), sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", Json, nullable=False),
    sa.Column("previous", sa.Text, nullable=False), sa.Column("hash", sa.Text, nullable=False, unique=True))

journal = sa.Table("journal", metadata,                     # every change made in Label Studio, to be undone in reverse
    _key(), _project(),
    sa.Column("kind", sa.Text, nullable=False),             # e.g. webhook, backend, project, instructions, user
    sa.Column("target", sa.Text, nullable=False),           # what was changed, e.g. an id
    sa.Column("before", Json), sa.Column("after", Json),    # without secrets
    sa.Column("state", sa.Text, nullable=False),            # intended | done | undone
    sa.Column("at", Utc, nullable=False), sa.Column("undone_at", Utc))
