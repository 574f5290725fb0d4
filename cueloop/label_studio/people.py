"""Accounts: who is there, and how a new one is made."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from cueloop.errors import LabelStudioError
from cueloop.label_studio.base import Base
from cueloop.label_studio.sign_up import Session, log_in, sign_up

Row = dict[str, Any]


class People(Base):
    """Label Studio's users, and the server they use."""

    def whoami(self) -> Row:
        """The account that the token belongs to."""
        return cast(Row, self._http.call("GET", "/api/current-user/whoami"))

    def version(self) -> str:
        """The version of the Label Studio server, e.g. `1.23.2`."""
        said = self._http.call("GET", "/api/version")
        return str(said.get("release") or said.get("label-studio-os-package", {}).get("version") or "unknown")

    def users(self) -> list[Row]:
        """All members of the organization."""
        return cast(list[Row], self._http.call("GET", "/api/users/"))

    def delete_user(self, user_id: int) -> None:
        """Delete an account. Its annotations lose their author: delete those first. The machine's only."""
        self._http.call("DELETE", f"/api/users/{user_id}/")

    def log_in(self, email: str, password: str) -> Session:
        """A session of an account that exists. Raises LabelStudioRefused for a wrong password."""
        return log_in(self._http, email, password)

    def sign_up(self, email: str, password: str, first: str = "", last: str = "") -> Session:
        """A new account, by the invite link that an admin would send; no e-mail is sent.

        It is the only way over HTTP to an account with a password and a token of its own.
        """
        invite = self._http.call("GET", "/api/invite")
        token = parse_qs(urlsplit(str(invite.get("invite_url", ""))).query).get("token", [""])[0]
        if not token:
            raise LabelStudioError("Label Studio gave no invite link: is the account of the API key an admin?")
        return sign_up(self._http, token, email, password, first, last)
