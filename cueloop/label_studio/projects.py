"""Projects and what hangs on them: webhooks, ML backends, stored tabs. Done once per project, through the SDK."""

from __future__ import annotations

from typing import Any, cast

from cueloop.label_studio.base import Base

Row = dict[str, Any]


class Projects(Base):
    """Label Studio's projects, webhooks, ML backends and views."""

    def project(self, project_id: int) -> Row:
        """One project with all its settings. Raw, because the sync loop asks for it too."""
        return cast(Row, self._http.call("GET", f"/api/projects/{project_id}/"))

    def projects(self) -> list[Row]:
        """All projects that this account sees."""
        return cast(list[Row], self._through_sdk("list projects", lambda sdk: list(sdk.projects.list())))

    def create_project(self, **fields: Any) -> Row:
        """A new project: `title` (3 characters or more), `label_config`, and any other of its settings."""
        return cast(Row, self._through_sdk("create project", lambda sdk: sdk.projects.create(**fields)))

    def patch_project(self, project_id: int, **fields: Any) -> Row:
        """Change settings of a project; the reply is the whole project.

        Never send `maximum_annotations` for a project with tasks: Label Studio overwrites their overlaps.
        """
        return cast(Row, self._through_sdk(f"change project {project_id}",
                                           lambda sdk: sdk.projects.update(project_id, **fields)))

    def show_version(self, project_id: int, version: str) -> None:
        """Have the project show this model version's predictions. Raises LabelStudioError when it has none. Raw,
        because it comes at the end of work that takes no longer than importing the SDK.
        """
        self._http.call("PATCH", f"/api/projects/{project_id}/", json={"model_version": version})

    def delete_project(self, project_id: int) -> None:
        """Delete a project with everything in it."""
        self._through_sdk(f"delete project {project_id}", lambda sdk: sdk.projects.delete(project_id))

    def webhooks(self, project_id: int) -> list[Row]:
        """The webhooks of a project, with their headers (secrets, in clear)."""
        return cast(list[Row], self._through_sdk("list webhooks",
                                                 lambda sdk: sdk.webhooks.list(project=str(project_id))))

    def create_webhook(self, project_id: int, url: str, *, headers: dict[str, str], actions: list[str] | None = None,
                       send_payload: bool = False) -> Row:
        """Have Label Studio call `url` on `actions` (None: on all). Refused for loopback unless it allows that."""
        return cast(Row, self._through_sdk(f"create a webhook to {url}", lambda sdk: sdk.webhooks.create(
            url=url, project=project_id, headers=headers, send_payload=send_payload, actions=actions or [],
            send_for_all_actions=actions is None, is_active=True)))

    def delete_webhook(self, webhook_id: int) -> None:
        """Remove a webhook."""
        self._through_sdk(f"delete webhook {webhook_id}", lambda sdk: sdk.webhooks.delete(webhook_id))

    def ml_backends(self, project_id: int) -> list[Row]:
        """The ML backends of a project. Label Studio calls each one's /health and /setup for this."""
        return cast(list[Row], self._through_sdk("list ML backends", lambda sdk: sdk.ml.list(project=project_id)))

    def create_ml_backend(self, project_id: int, url: str, *, title: str, user: str = "", password: str = "",
                          **fields: Any) -> Row:
        """Register an ML backend, with basic auth if a password is given. It must be up: Label Studio calls it.

        Label Studio also adds a webhook `URL/webhook` for all events, and sets `project.model_version` to the
        title where it was empty.
        """
        auth = {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password} if password else {}
        return cast(Row, self._through_sdk(f"connect the ML backend {url}", lambda sdk: sdk.ml.create(
            project=project_id, url=url, title=title, **auth, **fields)))

    def delete_ml_backend(self, backend_id: int) -> None:
        """Take an ML backend out of its project; its predictions and its webhook stay."""
        self._through_sdk(f"delete ML backend {backend_id}", lambda sdk: sdk.ml.delete(backend_id))

    def views(self, project_id: int) -> list[Row]:
        """The stored Data Manager tabs of a project."""
        return cast(list[Row], self._through_sdk("list views", lambda sdk: sdk.views.list(project=project_id)))

    def create_view(self, project_id: int, data: Row) -> Row:
        """Store a Data Manager tab. Never with operators that the front end does not know: it locks all people out."""
        return cast(Row, self._through_sdk("create a view",
                                           lambda sdk: sdk.views.create(project=project_id, data=data)))

    def delete_view(self, view_id: int) -> None:
        """Remove a stored tab."""
        self._through_sdk(f"delete view {view_id}", lambda sdk: sdk.views.delete(str(view_id)))
