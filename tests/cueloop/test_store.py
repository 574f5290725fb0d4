"""The store on SQLite and PostgreSQL: opened, migrated, read, written, by many at once."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cueloop.errors import StoreError
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import metadata, projects

WRITER = """
import sys, time
import sqlalchemy as sa
from cueloop.store import Store
from cueloop.store.schema import projects
store, done, until = Store.open(sys.argv[1]), 0, time.monotonic() + float(sys.argv[2])
counter = sa.select(projects.c.guideline_version).where(projects.c.id == 1)
while time.monotonic() < until:
    with store.read() as conn:
        conn.execute(counter).scalar_one()
    with store.write() as conn:
        seen = conn.execute(counter.with_for_update()).scalar_one()
        conn.execute(projects.update().values(guideline_version=seen + 1))
    done += 1
print(done)
"""
"""Reads, then reads and writes in one transaction: what SQLite refuses at once unless it begins IMMEDIATE."""


def insert_project(conn, key=1, **values):
    row = {"id": key, "title": "Test", "label_config": "<View/>", "mode": "connected", "connected_at": now()}
    conn.execute(projects.insert().values(row | values))


def count(conn):
    return conn.execute(sa.select(sa.func.count()).select_from(projects)).scalar_one()


class TestOpening:
    def test_twice_is_once(self, any_store):
        with any_store.write() as conn:
            insert_project(conn)
        again = Store.open(any_store.url.render_as_string(hide_password=False))
        with again.read() as conn:
            assert count(conn) == 1
        again.close()

    def test_many_at_once_migrate_once(self, any_store_url):
        opens = [sys.executable, "-c", "import sys; from cueloop.store import Store; Store.open(sys.argv[1])",
                 any_store_url]
        started = [subprocess.Popen(opens, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        assert [process.communicate(timeout=60)[1] for process in started] == ["", "", ""]
        assert [process.returncode for process in started] == [0, 0, 0]

    def test_migrations_make_what_the_code_expects(self, any_store):
        with any_store.read() as conn:
            differences = compare_metadata(MigrationContext.configure(conn), metadata)
        assert differences == []

    def test_a_store_of_a_newer_cueloop_is_refused_and_left_alone(self, any_store):
        with any_store.write() as conn:
            conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(StoreError, match=r"schema 9999.*newer version"):
            Store.open(any_store.url.render_as_string(hide_password=False))

    def test_a_database_that_does_not_answer_is_named_without_its_password(self):
        with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/labels.*CUELOOP_DATABASE_URL") as refused:
            Store.open("postgresql://me:very-secret@127.0.0.1:1/labels")
        assert "very-secret" not in str(refused.value)

    @pytest.mark.parametrize("url", ["nonsense", "sqlite:////dev/null/store.db"])
    def test_a_url_that_cannot_work_is_told(self, url):
        with pytest.raises(StoreError):
            Store.open(url)


class TestReadingAndWriting:
    def test_a_write_that_raises_leaves_nothing(self, any_store):
        def half_a_write():
            with any_store.write() as conn:
                insert_project(conn)
                assert count(conn) == 1
                raise RuntimeError("half way")

        with pytest.raises(RuntimeError, match="half way"):
            half_a_write()
        with any_store.read() as conn:
            assert count(conn) == 0

    def test_a_read_sees_one_moment_whatever_others_write_meanwhile(self, any_store):
        with any_store.read() as reading:
            assert count(reading) == 0
            with any_store.write() as writing:
                insert_project(writing)
            assert count(reading) == 0
        with any_store.read() as conn:
            assert count(conn) == 1

    def test_moments_come_back_as_they_went_in(self, any_store):
        moment = datetime(2026, 11, 22, 13, 5, 6, 789012, tzinfo=timezone(timedelta(hours=2)))
        with any_store.write() as conn:
            insert_project(conn, cursor=moment)
            insert_project(conn, 2, cursor=moment + timedelta(microseconds=1))
        with any_store.read() as conn:
            found = conn.execute(sa.select(projects.c.cursor).where(projects.c.cursor > moment)).scalars().all()
        assert found == [moment + timedelta(microseconds=1)]
        assert found[0].tzinfo == UTC

    def test_a_moment_without_a_zone_is_refused(self, any_store):
        naive = datetime(2026, 11, 22, 13, 5)
        with pytest.raises(sa.exc.StatementError, match="no time zone"), any_store.write() as conn:
            insert_project(conn, cursor=naive)

    def test_nothing_and_null_are_one_in_json(self, any_store):
        with any_store.write() as conn:
            insert_project(conn, pilot=None)
            insert_project(conn, 2, pilot={"annotators": [1, 2], "text": "ü"})
        with any_store.read() as conn:
            assert conn.execute(sa.select(projects.c.id).where(projects.c.pilot.is_(None))).scalars().all() == [1]
            kept = conn.execute(sa.select(projects.c.pilot).where(projects.c.id == 2)).scalar_one()
        assert kept == {"annotators": [1, 2], "text": "ü"}


class TestManyProcesses:
    @pytest.mark.parametrize(("engine", "seconds"), [("sqlite", 20), ("postgres", 5)])
    def test_six_reading_then_writing_meet_no_lock_and_lose_nothing(self, engine, seconds, request, tmp_path):
        # given six processes that count the same counter up, each reading before it writes
        url = request.getfixturevalue("postgres")() if engine == "postgres" else f"sqlite:///{tmp_path / 's.db'}"
        store = Store.open(url)
        with store.write() as conn:
            insert_project(conn, guideline_version=0)
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, str(seconds)], cwd=Path(__file__).parents[2],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(6)]
        # when they have done so for a while
        said = [writer.communicate(timeout=seconds + 60) for writer in writers]
        # then none was refused, and every single count is there
        assert [errors for _, errors in said] == [""] * 6
        with store.read() as conn:
            total = conn.execute(sa.select(projects.c.guideline_version)).scalar_one()
        assert total == sum(int(out) for out, _ in said) > 6
        store.close()

    def test_a_writer_that_is_killed_frees_the_store(self, tmp_path):
        url = f"sqlite:///{tmp_path / 's.db'}"
        store = Store.open(url)
        holder = subprocess.Popen([sys.executable, "-c", "import sys, time; from cueloop.store import Store\n"
                                   "with Store.open(sys.argv[1]).write(): print('in', flush=True); time.sleep(600)",
                                   url], stdout=subprocess.PIPE, text=True)
        assert holder.stdout.readline() == "in\n"
        holder.kill()
        holder.communicate()
        began = time.monotonic()
        with store.write() as conn:
            insert_project(conn)
        assert time.monotonic() - began < 5
        store.close()


def test_a_new_home_is_its_owners_alone(tmp_path):
    home = tmp_path / "home"
    Store.open(f"sqlite:///{home / 'cueloop.sqlite3'}").close()
    assert home.stat().st_mode & 0o077 == 0
