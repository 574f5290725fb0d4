"""Label Studio: reachable, our tokens, its version, and what is connected in it."""

from __future__ import annotations

from console.connect import machine, people
from console.connect.connecting import CONCERNS
from console.connect.site import Site
from console.doctor.finding import Finding, bad, doubtful, good, looked
from cueloop.errors import LabelStudioRefused, NotFound
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects

TESTED = "1.23."
"""Versions that Cueloop's tests run against."""
TOKEN_ADVICE = "Make a personal access token in Label Studio (Account & Settings) and set LABEL_STUDIO_API_KEY."  # noqa: S105


def label_studio(client: LabelStudio) -> list[Finding]:
    """Whether it answers, knows our token, and is a version that we know."""
    if not client.healthy():
        return [bad("label studio", f"{client.url} says that it is not healthy.", "Read its log.")]
    try:
        me = client.whoami()
    except LabelStudioRefused as error:
        return [bad("label studio", str(error), TOKEN_ADVICE)]
    found = [good("label studio", f"{client.url} answers, the token is {me['email']}'s")]
    version = client.version()
    if version.startswith(TESTED):
        found.append(good("version", f"Label Studio {version}"))
    else:
        found.append(doubtful("version", f"Label Studio {version}; Cueloop is tested with {TESTED}x.",
                              "`cueloop doctor --probe` tries what Cueloop rests on, on a project made for it."))
    return [*found, *_tokens(client)]


def _tokens(client: LabelStudio) -> list[Finding]:
    """Which kinds of tokens the organization takes."""
    try:
        allowed = client.get("/api/jwt/settings")
    except (NotFound, LabelStudioRefused):
        return []
    legacy = "on" if allowed.get("legacy_api_tokens_enabled") else "off (the default)"
    return [good("tokens", f"legacy tokens are {legacy}; Cueloop takes both kinds")]


def connected(settings: Settings, store: Store, client: LabelStudio) -> list[Finding]:
    """Each connected project: whether it is as `connect` left it."""
    with store.read() as conn:
        live = projects.live(conn)
    found = []
    for project in live:
        part, site = f"project {project.id}", Site(settings, store, client, project.id)
        found += looked(part, lambda site=site, part=part: _project(site, part),  # type: ignore[misc]
                        f"`cueloop disconnect --project {project.id}` if it was deleted.")
    return found or [good("projects", "none connected yet")]


def _project(site: Site, part: str) -> list[Finding]:
    missing = [step.says for concern in CONCERNS for step in concern.plan(site)]
    again = f"cueloop connect --project {site.project_id}"
    found = [doubtful(part, f"not as it should be; missing: {'; '.join(missing)}.", again)] if missing else []
    if machine.account(site) is None:
        found.append(bad(part, "the machine's account has no working token: nothing can be accepted.", again))
    if not people.links_work(site):
        found.append(doubtful(part, "queue links are not known to work in this Label Studio.", f"{again} --tabs"))
    return found or [good(part, f"{site.project['title']}: as it should be")]
