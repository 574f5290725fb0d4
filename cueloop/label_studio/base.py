"""What all parts of the client share: the connection, and the SDK on top of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cueloop.errors import CueloopError, LabelStudioError
from cueloop.http import Http, complaint


class Base:
    """Holds the connection. The parts are mixins of one class, so that a caller needs one object."""

    def __init__(self, http: Http):
        self._http = http
        self._sdk: Any = None
        self._sdk_lock = threading.Lock()

    def _through_sdk(self, what: str, call: Callable[[Any], Any]) -> Any:
        """Run `call(sdk)` and give plain JSON; `what` names it in errors.

        The SDK's own retries are off: they repeat POSTs that may have happened.
        """
        import httpx
        from label_studio_sdk.client import LabelStudio as Sdk
        from label_studio_sdk.core.api_error import ApiError

        with self._sdk_lock:
            if self._sdk is None:
                # The key is a placeholder: our connection signs the requests.
                self._sdk = Sdk(  # type: ignore[no-untyped-call]
                    base_url=self._http.url, api_key="signed-by-cueloop", max_retries=0,
                    timeout=self._http.timeout, httpx_client=self._http.client)
        problem: CueloopError | None = None
        try:
            return _plain(call(self._sdk))
        except ApiError as error:
            problem = self._http.failure(what, error.status_code or 0,
                                         complaint(error.body if isinstance(error.body, dict) else None))
        except httpx.TransportError as error:
            problem = self._http.unreachable(what, error)
        except ValueError as error:        # pydantic and JSON errors are ValueErrors
            problem = LabelStudioError(f"{what}: Label Studio at {self._http.url} sent what the SDK cannot read "
                                       f"({type(error).__name__}). Is its version supported?")
        raise problem


def _plain(value: Any) -> Any:
    """Pydantic models as the JSON they came from."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.model_dump(mode="json", by_alias=True) if hasattr(value, "model_dump") else value
