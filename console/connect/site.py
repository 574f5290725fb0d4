"""What stands in Label Studio for one project, read when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store

Row = dict[str, Any]


class Site:
    """One project in one Label Studio, and where Cueloop keeps what it knows of it.

    What was read is remembered: make a new one (`again`) after a change.
    """

    def __init__(self, settings: Settings, store: Store, client: LabelStudio, project_id: int):
        """Reads nothing yet."""
        self.settings, self.store, self.client, self.project_id = settings, store, client, project_id

    def again(self) -> Site:
        """The same project, looked at afresh."""
        return Site(self.settings, self.store, self.client, self.project_id)

    @cached_property
    def project(self) -> Row:
        """The project with its settings and counters."""
        return self.client.project(self.project_id)

    @cached_property
    def webhooks(self) -> list[Row]:
        """Its webhooks."""
        return self.client.webhooks(self.project_id)

    @cached_property
    def backends(self) -> list[Row]:
        """Its ML backends."""
        return self.client.ml_backends(self.project_id)

    @cached_property
    def users(self) -> list[Row]:
        """All accounts of the organization."""
        return self.client.users()

    @cached_property
    def me(self) -> Row:
        """The account that Cueloop works as."""
        return self.client.whoami()

    @cached_property
    def authors(self) -> frozenset[int]:
        """Ids of accounts with annotations in this project."""
        return frozenset(int(row["id"]) for row in self.client.get(f"/api/projects/{self.project_id}/annotators/"))
