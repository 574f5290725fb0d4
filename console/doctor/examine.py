"""All looks in their order."""

from __future__ import annotations

from console.doctor import here, server, services
from console.doctor.finding import Finding, bad, looked
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store

NO_SERVER = ("Set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY to the Label Studio that you mean, or run `cueloop up`, "
             "which brings one.")


def examine(settings: Settings, *, probe: bool = False) -> list[Finding]:
    """Everything that is wrong, and what is right. `probe` makes a project in Label Studio, tries it, deletes it."""
    found = [finding for look in (here.home, here.packages, services.redis, services.ml_backend, services.webhook,
                                  here.processes) for finding in look(settings)]
    try:
        store = Store.open(settings.store_url)
    except Exception as error:  # noqa: BLE001 (any driver's error: the doctor must get on)
        return [*found, bad("store", f"cannot be opened: {error}", "Check CUELOOP_DATABASE_URL and the disk.")]
    try:
        return found + here.store(store) + _server(settings, store, probe=probe)
    finally:
        store.close()


def _server(settings: Settings, store: Store, *, probe: bool) -> list[Finding]:
    token = settings.label_studio_api_key.get_secret_value()
    if not settings.label_studio_url or not token:
        return [bad("label studio", "no address or no token is set.", NO_SERVER)]

    def look() -> list[Finding]:
        with LabelStudio(settings.label_studio_url, token) as client:
            found = server.label_studio(client)
            if any(finding.part == "label studio" and finding.state == "bad" for finding in found):
                return found
            found += server.connected(settings, store, client)
            if probe:
                from console.doctor.probe import probe as try_all

                found += try_all(settings, store, client)
            return found

    return looked("label studio", look, "Is it running, and is LABEL_STUDIO_URL right?")
