"""Notices: raised once, delivered by a real mail server on loopback, or shown while there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cueloop import mail
from cueloop.errors import SettingsError
from cueloop.settings import Settings
from cueloop.store import Store, notices
from cueloop.store.columns import now
from routing.people.notices import ADMIN, deliver, raise_once
from tests.routing.smtp import Mailbox, mail_server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback."""
    with mail_server() as box:
        yield box


def by_mail(box: Mailbox, **more: Any) -> Settings:
    """Settings that send by it."""
    return Settings(smtp_url=SecretStr(box.url), mail_from="cueloop@example.org",
                    mail_admin="a@example.org, b@example.org", **more)


def tell(store: Store, once: str, recipient: str = "ann@example.org", subject: str = "You are paused",
         text: str = "Why.") -> bool:
    """Raise a notice in a transaction of its own."""
    with store.write() as conn:
        return raise_once(conn, project_id=3, kind="pause", recipient=recipient, subject=subject, text=text, once=once)


def waiting(store: Store) -> list[notices.Notice]:
    """What nobody was told yet."""
    with store.read() as conn:
        return notices.waiting(conn, now())


def test_a_notice_is_raised_once_and_with_its_transaction_or_not_at_all(any_store: Store) -> None:
    assert tell(any_store, "pause:1")
    assert not tell(any_store, "pause:1", subject="Another")
    with suppress(RuntimeError), any_store.write() as conn:
        raise_once(conn, project_id=3, kind="pause", recipient=ADMIN, subject="x", text="y", once="pause:2")
        raise RuntimeError
    assert [n.subject for n in waiting(any_store)] == ["You are paused"]
    with any_store.read() as conn:
        assert [n.once for n in notices.newest(conn, 5, project_id=3)] == ["pause:1"]
        assert notices.waiting(conn, now(), project_id=4) == []


def test_notices_arrive_once_each_the_admins_at_all_admins(any_store: Store, mailbox: Mailbox) -> None:
    # Given a notice for an annotator and one for the admins
    tell(any_store, "pause:1", subject="You are paused\nin project 3")
    tell(any_store, "pause:1:admin", recipient=ADMIN, text="Grüße")
    # When the loop delivers, twice
    assert deliver(any_store, by_mail(mailbox)) == 2
    assert deliver(any_store, by_mail(mailbox)) == 0
    # Then each has it once, with what a mailbox needs
    assert mailbox.subjects("ann@example.org") == ["You are paused in project 3"]
    assert [to for to, _ in mailbox.letters] == ["ann@example.org", "a@example.org", "b@example.org"]
    letter = mailbox.letters[0][1]
    assert letter["From"] == "cueloop@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@example.org>")
    assert "Grüße" in mailbox.text("a@example.org")
    assert waiting(any_store) == []


def test_without_a_server_or_an_address_they_wait(store: Store, mailbox: Mailbox) -> None:
    tell(store, "pause:1")
    tell(store, "pause:2", recipient=ADMIN)
    assert deliver(store, Settings()) == 0
    assert deliver(store, Settings(smtp_url=SecretStr(mailbox.url))) == 0
    nobody = Settings(smtp_url=SecretStr(mailbox.url), mail_from="cueloop@example.org")
    assert deliver(store, nobody) == 1
    assert [(n.once, n.tries) for n in waiting(store)] == [("pause:2", 0)]


def test_a_letter_whose_receipt_was_lost_comes_again_as_the_same_letter(store: Store, mailbox: Mailbox) -> None:
    tell(store, "pause:1")
    mailbox.hang_up_after_data = True
    assert deliver(store, by_mail(mailbox)) == 0
    mailbox.hang_up_after_data = False
    # it is not tried again at once, but when its time has come
    assert deliver(store, by_mail(mailbox)) == 0
    assert deliver(store, by_mail(mailbox), at=now() + timedelta(seconds=31)) == 1
    assert len({letter["Message-ID"] for _, letter in mailbox.letters}) == 1
    assert len(mailbox.letters) == 2


def test_a_recipient_that_is_refused_stops_no_other_and_waits_longer_each_time(store: Store, mailbox: Mailbox) -> None:
    mailbox.refuse.add("gone@example.org")
    tell(store, "pause:1", recipient="gone@example.org")
    tell(store, "pause:2", recipient="änn@example.org")
    tell(store, "pause:3")
    at = now()
    assert deliver(store, by_mail(mailbox), at=at) == 1
    (gone, odd) = waiting(store)
    assert "550 nobody of that name" in str(gone.error)
    assert odd.error
    tried = [seconds for seconds in range(0, 400, 10)
             if (deliver(store, by_mail(mailbox), at=at + timedelta(seconds=seconds)), waiting(store)[0].tried_at)[1]
             == at + timedelta(seconds=seconds)]
    assert tried == [0, 30, 90, 210]
    with store.read() as conn:      # after a week it is no news any more
        assert notices.waiting(conn, now() + timedelta(days=8)) == []


def test_secrets_stand_in_no_error_and_are_not_sent_in_the_clear(store: Store, mailbox: Mailbox) -> None:
    mailbox.credentials = ("cue", "se cret/1")
    tell(store, "pause:1")
    good = Settings(smtp_url=SecretStr(f"smtp://cue:se%20cret%2F1@127.0.0.1:{mailbox.port}"),
                    mail_from="cueloop@example.org")
    bad = Settings(smtp_url=SecretStr(f"smtp://cue:wr0ng@127.0.0.1:{mailbox.port}"), mail_from="c@example.org")
    assert deliver(store, bad) == 0
    error = str(waiting(store)[0].error)
    assert "refuses the user name or password of CUELOOP_SMTP_URL" in error
    assert "wr0ng" not in error
    assert "wr0ng" not in repr(bad) + repr(mail.parse(bad.smtp_url.get_secret_value()))
    assert deliver(store, good, at=now() + timedelta(minutes=1)) == 1


def test_a_password_goes_nowhere_without_encryption(store: Store, mailbox: Mailbox,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox.credentials = ("cue", "secret")
    tell(store, "pause:1")
    monkeypatch.setattr("cueloop.mail.LOOPBACK", ())
    assert deliver(store, by_mail(mailbox)) == 0
    assert "offers no encryption" in str(waiting(store)[0].error)
    assert mailbox.letters == []


def test_a_server_that_hangs_or_is_gone_holds_the_loop_up_only_briefly(store: Store, mailbox: Mailbox,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cueloop.mail.WAIT", 0.2)
    tell(store, "pause:1")
    mailbox.silent = True
    assert deliver(store, by_mail(mailbox)) == 0
    assert waiting(store)[0].tries == 1
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = Settings(smtp_url=SecretStr(f"smtp://127.0.0.1:{free.getsockname()[1]}"), mail_from="c@example.org")
    assert deliver(store, nowhere, at=now() + timedelta(minutes=1)) == 0
    assert "cannot be used" in str(waiting(store)[0].error)


def test_a_process_that_dies_between_any_two_steps_loses_nothing(store: Store, mailbox: Mailbox,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    tell(store, "pause:1")
    for name in ("claim", "done"):
        with monkeypatch.context() as patch:
            real = getattr(notices, name)

            def dies(conn: sa.Connection, *rest: Any, _real: Any = real) -> None:
                _real(conn, *rest)
                raise KeyboardInterrupt

            patch.setattr(notices, name, dies)
            with pytest.raises(KeyboardInterrupt):
                deliver(store, by_mail(mailbox))
    # it was handed over and nobody noted it; so it comes again, as the same letter, and that is noted
    assert deliver(store, by_mail(mailbox), at=now() + timedelta(hours=1)) == 1
    assert waiting(store) == []
    assert len({letter["Message-ID"] for _, letter in mailbox.letters}) == 1


@pytest.mark.parametrize("url", ["nonsense", "http://host", "smtp://", "smtp://host:port", "smtp://user:pw@:25",
                                 "smtp://host/path"])
def test_a_url_that_is_none_is_named_without_its_text(url: str) -> None:
    with pytest.raises(SettingsError, match="CUELOOP_SMTP_URL is no address") as refused:
        mail.parse(url)
    assert "nonsense" not in str(refused.value)
    assert "pw@" not in str(refused.value)


def test_ports_and_credentials_are_read_from_the_url() -> None:
    assert mail.parse("smtps://host") == mail.Server("host", 465, True)
    assert mail.parse("smtp://a%40b.c:x%3Ay@host") == mail.Server("host", 587, False, "a@b.c", "x:y")
