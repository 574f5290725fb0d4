"""The ML backend's registration, without the side effects that Label Studio adds to it."""

from __future__ import annotations

from console.connect.hook import remove
from console.connect.site import Row, Site
from console.connect.steps import Step
from cueloop import journal
from cueloop.errors import NotFound
from cueloop.journal import Entry

KIND = "backend"
TITLE = "Cueloop"
"""Under which annotators see it. Never put into `project.model_version`: it would put the model into their requests."""
OTHERWISE = ("Pre-labels are pushed in bulk all the same. To have the backend in Label Studio's settings too, start it "
             "(`cueloop serve` or `cueloop up`), start Label Studio with ML_BLOCK_LOCAL_IP=false if its address is "
             "private, set CUELOOP_ML_URL to where Label Studio reaches it, and connect again.")


def address(site: Site) -> str:
    """Where Label Studio reaches the ML backend."""
    settings = site.settings
    return (settings.ml_url or f"http://{settings.ml_host}:{settings.ml_port}").rstrip("/")


def plan(site: Site) -> list[Step]:
    """Register the backend, and take away the all-events webhook that Label Studio adds with it."""
    url = address(site)
    if any(row["url"].rstrip("/") == url for row in site.backends) and not _side_effects(site, ours=True):
        return []
    before = {"model_version": site.project["model_version"], "webhooks": [hook["id"] for hook in site.webhooks]}
    return [Step(KIND, url, f"register the ML backend {url} as {TITLE!r} (basic auth), without its all-events webhook",
                 lambda: _register(site), before=before, otherwise=OTHERWISE)]


def conflicts(site: Site) -> list[str]:
    """Other backends, and a model version that is a live one."""
    ours = {address(site), *(entry.target for entry in journal.standing(site.store, site.project_id, KIND))}
    others = [row for row in site.backends if row["url"].rstrip("/") not in ours]
    found = [f"The ML backend {row['title']!r} at {row['url']} exists and stays: Label Studio asks it too when "
             "somebody opens a task without predictions, also one that should be labelled blind." for row in others]
    version = site.project["model_version"]
    if version and version in {row["title"] for row in others}:
        found.append(f"The project shows predictions of the live backend {version!r}. Once Cueloop has a better model "
                     "it shows that one's instead; disconnect brings the old setting back.")
    elif version:
        found.append(f"The project shows predictions of model version {version!r}. Once Cueloop has a better model it "
                     "shows that one's instead; disconnect brings the old setting back.")
    return found


def undo(site: Site, entry: Entry) -> None:
    """Take the backend out, with the webhook that Label Studio may have added since."""
    for row in site.client.ml_backends(site.project_id):
        if row["url"].rstrip("/") == entry.target:
            try:
                site.client.delete_ml_backend(row["id"])
            except NotFound:
                continue
    for hook in site.again().webhooks:
        if hook["url"] == f"{entry.target}/webhook" and hook["id"] not in entry.before["webhooks"]:
            remove(site, hook["id"])


def _register(site: Site) -> Row:
    settings = site.settings
    before = site.project["model_version"]
    found = [row for row in site.backends if row["url"].rstrip("/") == address(site)]
    row = found[0] if found else site.client.create_ml_backend(
        site.project_id, address(site), title=TITLE, user=settings.ml_user,
        password=settings.ml_password.get_secret_value())
    for hook in _side_effects(site.again(), ours=False):
        remove(site, hook["id"])
    if site.again().project["model_version"] == TITLE:      # Label Studio put it there
        site.client.patch_project(site.project_id, model_version="" if before == TITLE else before)
    return {"id": row["id"]}


def _side_effects(site: Site, *, ours: bool) -> list[Row]:
    """The webhooks that Label Studio added for our backend. With `ours`, also a title in the model version counts."""
    found = [hook for hook in site.webhooks
             if hook["url"] == f"{address(site)}/webhook" and hook["send_for_all_actions"]]
    return found or ([site.project] if ours and site.project["model_version"] == TITLE else [])
