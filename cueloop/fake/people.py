"""Accounts of the fake: tokens of both kinds, the invite sign-up, sessions."""

from __future__ import annotations

import base64
import json
import time
import uuid

from flask import Blueprint, Response, current_app, g, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cueloop.fake.replies import Refusal, invalid, missing, nothing, reply
from cueloop.fake.world import Row, World

people = Blueprint("people", __name__)


def world() -> World:
    """The world of the running fake."""
    return current_app.extensions["world"]  # type: ignore[no-any-return]


def new_user(world: World, email: str, password: str, token: str = "") -> Row:
    """Make an account."""
    return world.add(world.users, {
        "id": 0, "email": email, "password": password, "token": token or uuid.uuid4().hex + "00000000",
        "personal": "", "session": "", "username": email.split("@", maxsplit=1)[0], "first_name": "", "last_name": "",
        "active_organization": 1, "initials": email[:2], "avatar": None})


def sign_in() -> None:
    """Before every /api request: who is it? Sets `g.user` or raises 401."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    users = world().users.values()
    if kind == "Token":
        user = next((u for u in users if u["token"] == secret), None)
        if user is None:
            raise Refusal(401, "Invalid token.")
        if not world().legacy_tokens:
            raise Refusal(401, "Authentication token no longer valid: "
                               "legacy token authentication has been disabled for this organization")
    elif kind == "Bearer":
        claims = _claims(secret)
        if claims.get("token_type") != "access" or claims.get("exp", 0) < time.time():
            raise Refusal(401, "Given token not valid for any token type")
        user = world().users.get(int(claims["user_id"]))
    else:
        cookie = request.cookies.get("sessionid", "-")
        user = next((u for u in users if u["session"] == cookie), None)
    if user is None:
        raise Refusal(401, "Authentication credentials were not provided.")
    g.user = user


def shown(user: Row) -> Row:
    """What others may see of a user."""
    return {key: user[key] for key in user if key not in ("password", "token", "personal", "session")}


@people.get("/health")
def health() -> Response:
    """JSON under the name of HTML, as Label Studio sends it."""
    return Response('{"status": "UP"}', content_type="text/html; charset=utf-8")


@people.get("/api/version")
def version() -> Response:
    """The version that the fake plays."""
    return reply({"release": "1.23.2", "label-studio-os-package": {"version": "1.23.2"}, "edition": "Community"})


@people.get("/api/current-user/whoami")
def whoami() -> Response:
    """The caller."""
    return reply(shown(g.user))


@people.get("/api/current-user/token")
def legacy_token() -> Response:
    """The caller's legacy token, whether or not the organization takes those."""
    return reply({"token": g.user["token"]})


@people.get("/api/jwt/settings")
def token_settings() -> Response:
    """Which kinds of tokens the organization takes."""
    return reply({"api_tokens_enabled": True, "legacy_api_tokens_enabled": world().legacy_tokens})


@people.get("/api/users/")
def users() -> Response:
    """Everybody."""
    return reply([shown(user) for user in world().users.values()])


@people.patch("/api/users/<int:number>/")
def patch_user(number: int) -> Response:
    """Change a name."""
    user = world().users.get(number)
    if user is None:
        raise missing("User")
    user.update({key: value for key, value in (request.json or {}).items() if key in ("first_name", "last_name")})
    return reply(shown(user))


@people.delete("/api/users/<int:number>/")
def delete_user(number: int) -> Response:
    """Delete an account; its annotations stay without an author."""
    if world().users.pop(number, None) is None:
        raise missing("User")
    for note in world().annotations.values():
        if note["completed_by"] == number:
            note["completed_by"] = None
    return nothing()


@people.post("/api/token/")
def personal_token() -> Response:
    """A personal access token; one at a time."""
    if g.user["personal"]:
        raise Refusal(409, "You already have a valid token. Please revoke it before creating a new one.")
    g.user["personal"] = _jwt({"token_type": "refresh", "user_id": str(g.user["id"]), "exp": int(time.time()) + 10**9})
    return reply({"token": g.user["personal"]}, 201)


@people.post("/api/token/refresh/")
def refresh() -> Response:
    """An access token for a personal one."""
    token = (request.json or {}).get("refresh", "")
    user = next((u for u in world().users.values() if token and u["personal"] == token), None)
    if user is None:
        raise Refusal(401, "Token is invalid")
    now = int(time.time())
    return reply({"access": _jwt({"token_type": "access", "user_id": str(user["id"]), "iat": now,
                                  "exp": now + world().access_seconds})})


@people.get("/api/invite")
def invite() -> Response:
    """The invite link."""
    return reply({"token": world().invite, "invite_url": f"/user/signup/?token={world().invite}"})


@people.get("/user/signup/")
@people.get("/user/login/")
def form() -> Response:
    """A form page; only its CSRF cookie matters."""
    page = make_response("<html><form></form></html>")
    page.set_cookie("csrftoken", uuid.uuid4().hex)
    return page


@people.post("/user/signup/")
def sign_up() -> AnyResponse:
    """A new account and a session for it."""
    _check_csrf()
    if request.args.get("token") not in (None, world().invite):
        return Response("forbidden", 403)
    email, password = request.form["email"].lower(), request.form["password"]
    if any(user["email"] == email for user in world().users.values()):
        return Response("<ul><li>User with this email already exists</li></ul>")
    if len(password) < 8 or "@" not in email:
        return Response("<ul><li>Please enter a password 8-12 characters in length</li></ul>")
    return _session(new_user(world(), email, password))


@people.post("/user/login/")
def log_in() -> AnyResponse:
    """A session for an account."""
    _check_csrf()
    for user in world().users.values():
        if (user["email"], user["password"]) == (request.form["email"], request.form["password"]):
            return _session(user)
    return Response("<ul><li>The email and password you entered don't match.</li></ul>")


def _check_csrf() -> None:
    if not request.cookies.get("csrftoken") or request.form.get("csrfmiddlewaretoken") != request.cookies["csrftoken"]:
        raise Refusal(403, "CSRF verification failed.")


def _session(user: Row) -> AnyResponse:
    user["session"] = user["session"] or uuid.uuid4().hex
    page = redirect("/projects/")
    page.set_cookie("sessionid", user["session"])
    return page


def _jwt(said: Row) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
             for part in ({"alg": "none", "typ": "JWT"}, said | {"jti": uuid.uuid4().hex})]
    return ".".join([*parts, "unsigned"])


def _claims(token: str) -> Row:
    try:
        part = token.split(".")[1]
        said: Row = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return said


def user_problem(where: str) -> Refusal:
    """400 for a user that does not exist."""
    return invalid(where, "Invalid pk - object does not exist.")
