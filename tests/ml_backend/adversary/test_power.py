"""Power fails at any moment: what a row names is on the disk before the row is."""

import os
from pathlib import Path

from ml_backend.artifacts import BLOBS, Artifacts, sha256


def test_a_content_is_on_the_disk_before_it_has_its_name_and_its_name_before_the_version_has_a_row(
    tmp_path, monkeypatch,
):
    # Given a disk that tells when something is made durable, and whole
    artifacts, done, sync = Artifacts(f"file://{tmp_path}"), [], os.fsync

    def told(number):
        path = Path(os.readlink(f"/proc/self/fd/{number}"))
        done.append((path.name.split("-")[0], path.read_bytes() if path.is_file() else sorted(os.listdir(path))))
        sync(number)

    monkeypatch.setattr(os, "fsync", told)
    # When a content is kept, from memory or from a file
    (tmp_path / "big").write_bytes(b"weights")
    artifacts.write({"a": b"head", "b": tmp_path / "big"})
    # Then its bytes come first, then the folders that name it
    for content in (b"head", b"weights"):
        hash_ = sha256(content)
        at = done.index((".writing", content))
        assert done[at + 1:at + 3] == [(hash_[:2], [hash_]), (BLOBS, [*sorted({
            sha256(one)[:2] for one in (b"head", b"weights")[:1 + (content == b"weights")]})])]
