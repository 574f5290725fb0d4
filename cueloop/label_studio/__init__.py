"""The Label Studio client: every call that Cueloop makes to Label Studio goes through here.

Calls that a loop makes thousands of times are raw HTTP; what is done once per project goes through Label
Studio's own SDK, which takes seconds to import and checks every row. Both share one connection pool, with its
token, retries and time-outs.
"""

from __future__ import annotations

from typing import Any, Self

import httpx

from cueloop.http import Http, Retries
from cueloop.label_studio.annotations import Annotations
from cueloop.label_studio.people import People
from cueloop.label_studio.predictions import Predictions
from cueloop.label_studio.projects import Projects
from cueloop.label_studio.tasks import Tasks

__all__ = ["LabelStudio"]


class LabelStudio(Projects, People, Tasks, Annotations, Predictions):
    """One account at one Label Studio. Thread-safe; close it, or use it as a context manager.

    Raises LabelStudioUnreachable, LabelStudioRefused, NotFound or LabelStudioError, never httpx's or the SDK's.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 30.0, retries: Retries | None = None,
                 transport: httpx.BaseTransport | None = None):
        super().__init__(Http(url, token, timeout=timeout, retries=retries, transport=transport))
        self.url = self._http.url

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path that has no method of its own here, e.g. `get("/api/projects/3/annotators/")`."""
        return self._http.call("GET", path, params=params)

    def healthy(self) -> bool:
        """Whether Label Studio says that it is up."""
        said = self._http.call("GET", "/health")
        return isinstance(said, dict) and said.get("status") == "UP"

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
