"""The demo's annotators as Label Studio users, each with a password and a token of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe

from cueloop.errors import LabelStudioRefused
from cueloop.label_studio import LabelStudio

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Iris", "Jon", "Kim", "Leo", "Mia", "Noor", "Olli")
"""First names of the fifteen; the first stands for the most reliable raters, unknown to the router."""
DOMAIN = "demo.example"
FILE = "demo-people.json"
"""Holds passwords and tokens: readable by its owner only."""


@dataclass(frozen=True, slots=True)
class Account:
    """A Label Studio user of the demo. `annotator` is the place in the ratings."""

    annotator: int
    id: int
    name: str
    email: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at work: the account, a client that acts as them, and what their queue link asks for."""

    annotator: int
    client: LabelStudio
    body: dict[str, object]


def ensure(home: Path, admin: LabelStudio, count: int, done: Callable[[int], None] = lambda _: None) -> list[Account]:
    """The first `count` accounts of this home, signed up by invite link where they do not exist yet.

    Tokens that this Label Studio no longer knows are replaced by new accounts. `done` is told how many there are.
    """
    accounts: list[Account] = []
    known = {account.annotator: account for account in read(home)}
    for annotator in range(count):
        account = known.get(annotator)
        if account is None or not works(admin.url, account):
            account = _sign_up(admin, annotator)
        accounts.append(account)
        _write(home, accounts + [known[k] for k in sorted(known) if k > annotator])
        done(len(accounts))
    return accounts


def works(url: str, account: Account) -> bool:
    """Whether Label Studio still knows this account."""
    with LabelStudio(url, account.token) as client:
        try:
            return bool(client.whoami()["id"] == account.id)
        except LabelStudioRefused:
            return False


def read(home: Path) -> Iterator[Account]:
    """The accounts that this home has made so far."""
    file = home / FILE
    if file.is_file():
        yield from (Account(**row) for row in json.loads(file.read_text(encoding="utf-8")))


def _sign_up(admin: LabelStudio, annotator: int) -> Account:
    name, password = NAMES[annotator], token_urlsafe(12)
    taken = {user["email"] for user in admin.users()}
    stem = name.lower()
    number = next(n for n in range(1, 1000) if _email(stem, n) not in taken)
    email = _email(stem, number)
    with admin.sign_up(email, password, name, "(demo)") as session:
        return Account(annotator, int(session.whoami()["id"]), name, email, password, session.token())


def _email(stem: str, number: int) -> str:
    return f"{stem}{'' if number == 1 else number}@{DOMAIN}"


def _write(home: Path, accounts: list[Account]) -> None:
    beside = home / f"{FILE}.new"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump([asdict(account) for account in accounts], file, indent=1)
    beside.replace(home / FILE)
