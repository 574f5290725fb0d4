"""Signing up through Label Studio's own form, as a person with an invite link does in a browser."""

from __future__ import annotations

from typing import Any

import httpx

from cueloop.errors import Conflict, LabelStudioError, LabelStudioRefused
from cueloop.http import Http


class Session:
    """A browser session of an account. Close it when its token is fetched."""

    def __init__(self, http: Http, email: str):
        self.email = email
        self._http = http
        self._client = http.unsigned()      # a session is known by its cookies

    def token(self) -> str:
        """A token of this account that works at this Label Studio: legacy where allowed, else personal."""
        legacy = str(self.json("GET", "/api/current-user/token").get("token", ""))
        with Http(self._http.url, legacy) as as_token:
            try:
                as_token.call("GET", "/api/current-user/whoami")
                return legacy
            except LabelStudioRefused:      # legacy tokens are off in this organization, the default
                return str(self.json("POST", "/api/token/")["token"])

    def whoami(self) -> dict[str, Any]:
        """The account itself."""
        return self.json("GET", "/api/current-user/whoami")

    def json(self, method: str, path: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object at a path, asked with the session's cookies (which the API takes without CSRF token)."""
        response = self._http.guarded(f"{method} {path}", lambda: self._client.request(method, path, json=fields))
        said: dict[str, Any] = self._http.body(f"{method} {path}", response)
        return said

    def post_form(self, path: str, fields: dict[str, str], what: str) -> httpx.Response:
        """Fill in a form of Label Studio: fetch the page for its CSRF cookie, then post. `what` names it in errors."""
        self._http.guarded(what, lambda: self._client.get(path))
        form = {"csrfmiddlewaretoken": self._client.cookies.get("csrftoken", ""), **fields}
        return self._http.guarded(what, lambda: self._client.post(path, data=form,
                                                                  headers={"Referer": f"{self._http.url}{path}"}))

    def close(self) -> None:
        """Close the connections of this session."""
        self._client.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sign_up(http: Http, invite: str, email: str, password: str, first: str, last: str) -> Session:
    """Make an account with an invite token. Raises Conflict when the address is taken."""
    session = Session(http, email)
    try:
        reply = session.post_form(f"/user/signup/?token={invite}", {
            "email": email, "password": password, "allow_newsletters": "false", "how_find_us": "Other"},
            f"sign up {email}")
        if reply.status_code == 403:
            raise LabelStudioRefused(f"Label Studio at {http.url} refused to sign up {email}: the invite was renewed.")
        if reply.status_code != 302:
            raise _why(reply.text, http.url, email)
        if first or last:       # the form has no fields for names
            session.json("PATCH", f"/api/users/{session.whoami()['id']}/", {"first_name": first, "last_name": last})
        return session
    except BaseException:
        session.close()
        raise


def log_in(http: Http, email: str, password: str) -> Session:
    """A session of an account that exists. Raises LabelStudioRefused for a wrong password."""
    session = Session(http, email)
    try:
        reply = session.post_form("/user/login/", {"email": email, "password": password}, f"log in {email}")
        if reply.status_code != 302:
            raise LabelStudioRefused(f"Label Studio at {http.url} does not let {email} in: wrong address or password.")
        return session
    except BaseException:
        session.close()
        raise


def _why(page: str, url: str, email: str) -> Exception:
    """What the form's page complains of."""
    if "already" in page and "exist" in page:
        return Conflict(f"{email} already has an account at {url}.")
    return LabelStudioError(f"Label Studio at {url} did not accept the sign-up of {email}: "
                            "is the password at least 8 characters long and the address well formed?")
