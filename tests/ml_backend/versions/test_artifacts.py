"""Contents in a folder: kept once, whole or not at all, looked at whenever they are used, in bounded memory."""

import threading
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cueloop.errors import ModelError
from ml_backend.artifacts import BLOBS, Artifacts, sha256
from ml_backend.compat.folder import fill


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,8}(/[a-z]{1,8}){0,2}\Z"), st.binary(max_size=200), max_size=6))
def test_what_is_written_is_read(artifacts, files):
    hashes = artifacts.write(files)
    assert hashes == {name: sha256(content) for name, content in files.items()}
    assert artifacts.read(BLOBS, hashes) == files
    assert artifacts.missing(hashes.values()) == set()


def test_equal_contents_are_one_file_and_not_written_twice(artifacts, folder):
    artifacts.write({"a": b"encoder", "deep/b": b"encoder"})
    [name] = files_in(folder)
    before = (folder / name).stat().st_mtime_ns
    artifacts.write({"c": b"encoder", "own": b"1"})
    assert (folder / name).stat().st_mtime_ns == before
    assert artifacts.contents() == {sha256(b"encoder"): 7, sha256(b"1"): 1}


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"enc"), lambda file: file.write_bytes(b"encodex"),
                                  lambda file: file.unlink()], ids=["half", "wrong", "missing"])
def test_a_spoilt_content_is_written_anew_by_the_next_version_that_needs_it(artifacts, folder, harm):
    hashes = artifacts.write({"a": b"encoder"})
    harm(folder / files_in(folder)[0])
    artifacts.write({"b": b"encoder"})
    assert artifacts.read(BLOBS, hashes) == {"a": b"encoder"}


def test_a_process_that_dies_while_it_writes_leaves_nothing_under_a_hash(artifacts, folder, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(artifacts._fs, "mv", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            artifacts.write({"a": b"1"})
    assert all("/.writing-" in name for name in files_in(folder))
    assert artifacts.contents() == {}
    assert artifacts.missing(artifacts.write({"a": b"1"}).values()) == set()


def test_several_who_keep_the_same_get_the_same(artifacts, folder):
    content, found = b"weights" * 100_000, []
    threads = [threading.Thread(target=lambda: found.append(Artifacts(f"file://{folder}").write({"a": content})))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert files_in(folder) == [f"{BLOBS}/{sha256(content)[:2]}/{sha256(content)}"]


def test_a_big_file_passes_through_in_pieces(artifacts, tmp_path, monkeypatch):
    monkeypatch.setattr("ml_backend.artifacts.PIECE", 2**18)
    (tmp_path / "encoder").write_bytes(b"0123456789abcdef" * 2_000_000)     # 32 MB
    tracemalloc.start()
    try:
        hashes = artifacts.write({"encoder": tmp_path / "encoder"})
        fill(tmp_path / "laid-out", artifacts, BLOBS, hashes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "laid-out" / "encoder").stat().st_size == 32_000_000
    assert peak < 4_000_000


def test_a_file_that_is_not_what_was_written_is_not_fetched(artifacts, folder, tmp_path):
    hashes = artifacts.write({"a": b"1234"})
    (folder / files_in(folder)[0]).write_bytes(b"1235")
    with pytest.raises(ModelError, match="SHA-256"):
        artifacts.fetch(BLOBS, "a", hashes["a"], tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("hash_", ["", "..", "../../secret", "/etc/passwd", "a/b"])
def test_a_hash_that_leads_away_is_neither_read_nor_removed(artifacts, hash_):
    for attempt in (lambda: artifacts.read(BLOBS, {"a": hash_}), lambda: artifacts.remove(hash_),
                    lambda: artifacts.missing([hash_])):
        with pytest.raises(ModelError, match="cannot be a file"):
            attempt()


def test_a_place_that_was_never_written_has_nothing(artifacts):
    assert artifacts.contents() == {}
    assert artifacts.missing(["ab" * 32]) == {"ab" * 32}
    artifacts.remove("ab" * 32)
    artifacts.remove_folder("models/topics/1")
