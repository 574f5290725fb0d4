"""The webhook through which Label Studio says "look now"."""

from __future__ import annotations

from console.connect.site import Row, Site
from console.connect.steps import Step
from cueloop import journal
from cueloop.errors import NotFound
from cueloop.journal import Entry

KIND = "webhook"
ACTIONS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_CREATED",
           "TASKS_DELETED", "PROJECT_UPDATED")
"""Everything of a project that raises an event; task edits, predictions and drafts raise none."""
OTHERWISE = ("Cueloop polls instead, every CUELOOP_SYNC_SECONDS. For webhooks to a private address start Label Studio "
             "with SSRF_PROTECTION_ENABLED=false, or set CUELOOP_HOOK_URL to a public one, and connect again.")


def address(site: Site) -> str:
    """Where Label Studio reaches the sync process."""
    from sync.webhooks import PATH

    settings = site.settings
    return f"{(settings.hook_url or f'http://{settings.hook_host}:{settings.hook_port}').rstrip('/')}{PATH}"


def plan(site: Site) -> list[Step]:
    """Add the webhook, or replace ours when its secret or its events differ."""
    if any(_as_wanted(site, hook) for hook in site.webhooks):
        return []
    url = address(site)
    return [Step(KIND, url, f"add a webhook to {url} (no payload, secret header)", lambda: _add(site),
                 otherwise=OTHERWISE)]


def conflicts(site: Site) -> list[str]:
    """Webhooks of others: they stay, and each one costs annotators time."""
    ours = {address(site), *(entry.target for entry in journal.standing(site.store, site.project_id, KIND))}
    return [f"A webhook to {hook['url']} exists and stays: Label Studio calls it inside each annotator's request, for "
            "up to a second." for hook in site.webhooks if hook["url"] not in ours]


def undo(site: Site, entry: Entry) -> None:
    """Remove every webhook to our address; there may be one of a run that died."""
    for hook in site.client.webhooks(site.project_id):
        if hook["url"] == entry.target:
            remove(site, hook["id"])


def remove(site: Site, number: int) -> None:
    """Remove a webhook that may be gone already."""
    try:
        site.client.delete_webhook(number)
    except NotFound:
        return


def _add(site: Site) -> Row:
    from sync.webhooks import SECRET_HEADER

    for hook in site.webhooks:
        if hook["url"] == address(site):
            remove(site, hook["id"])
    made = site.client.create_webhook(
        site.project_id, address(site), actions=list(ACTIONS), send_payload=False,
        headers={SECRET_HEADER: site.settings.hook_secret.get_secret_value()})
    return {"id": made["id"]}


def _as_wanted(site: Site, hook: Row) -> bool:
    from sync.webhooks import SECRET_HEADER

    secret = site.settings.hook_secret.get_secret_value()
    return bool(hook["url"] == address(site) and hook["is_active"] and not hook["send_for_all_actions"]
                and set(hook["actions"]) == set(ACTIONS) and (hook["headers"] or {}).get(SECRET_HEADER) == secret)
