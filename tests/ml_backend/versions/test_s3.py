"""Artifacts in object storage: a real S3 server, spoken to as the network does."""

import subprocess
import sys
import uuid

import httpx
import pytest

from cueloop.errors import ModelError
from cueloop.store import models
from ml_backend import registry
from ml_backend.artifacts import BLOBS, Artifacts, sha256
from ml_backend.versions import remove

pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def server():
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    """A bucket of the test's own, told by the environment as it would be in production; its name."""
    import boto3
    import fsspec

    name = f"models-{uuid.uuid4().hex[:8]}"
    for key, value in {"AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
                       "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(key, value)
    boto3.client("s3").create_bucket(Bucket=name)
    yield name
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def artifacts(bucket):
    return Artifacts(f"s3://{bucket}/cueloop")


@pytest.fixture
def objects(bucket):
    """{key: content} of the bucket."""
    import boto3

    client = boto3.client("s3")

    def look():
        listed = client.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {one["Key"]: client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}
    look.put = lambda key, content: client.put_object(Bucket=bucket, Key=key, Body=content)
    look.delete = lambda key: client.delete_object(Bucket=bucket, Key=key)
    return look


def key(content):
    return f"cueloop/{BLOBS}/{sha256(content)[:2]}/{sha256(content)}"


def test_a_version_is_kept_loaded_shared_and_deleted(any_store, artifacts, objects, bundle):
    first, second = (registry.save(any_store, artifacts, bundle, {}, name="topics", kind="text-linear",
                                   extra={"own": str(number).encode()}) for number in range(2))
    shared = len(bundle.to_files())
    assert len(objects()) == shared + 2
    assert all(name.rpartition("/")[2] == sha256(content) for name, content in objects().items())
    assert registry.load(artifacts, second).bundle.heads[0].labels == bundle.heads[0].labels
    assert artifacts.folder is None
    gone = remove.delete(any_store, artifacts, first, actor="ann")
    assert (gone.contents, gone.bytes) == (1, 1)
    assert len(objects()) == shared + 1
    assert registry.load(artifacts, second)


def test_half_an_object_is_written_again_and_a_whole_one_is_not(artifacts, objects, monkeypatch):
    objects.put(key(b"a whole encoder"), b"a whole")
    objects.put(key(b"another"), b"anothes")            # as long, and not the same
    artifacts.write({"a": b"a whole encoder", "b": b"another"})
    assert objects() == {key(b"a whole encoder"): b"a whole encoder", key(b"another"): b"another"}
    monkeypatch.setattr(artifacts._fs, "pipe_file", lambda *_: pytest.fail("sent again"))
    assert artifacts.write({"a": b"another"}) == {"a": sha256(b"another")}


@pytest.mark.parametrize(("harm", "words"), [
    (lambda objects: objects.put(key(b"weights"), b"weight"), "SHA-256 differs"),
    (lambda objects: objects.put(key(b"weights"), b"weightx"), "SHA-256 differs"),
    (lambda objects: objects.put(key(b"weights"), b""), "SHA-256 differs"),
    (lambda objects: objects.delete(key(b"weights")), "it is not there")], ids=["half", "wrong", "empty", "missing"])
def test_what_is_not_as_it_was_written_is_not_read(artifacts, objects, tmp_path, harm, words):
    hashes = artifacts.write({"head-0/weights": b"weights"})
    harm(objects)
    with pytest.raises(ModelError, match=f"head-0/weights .*{words}"):
        artifacts.read(BLOBS, hashes)
    with pytest.raises(ModelError, match=words):
        artifacts.fetch(BLOBS, "head-0/weights", hashes["head-0/weights"], tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_big_files_come_and_go_in_pieces(artifacts, tmp_path, monkeypatch):
    monkeypatch.setattr("ml_backend.artifacts.PIECE", 2**20)
    (tmp_path / "encoder").write_bytes(bytes(range(256)) * 20_000)      # 5 MB
    hashes = artifacts.write({"encoder": tmp_path / "encoder"})
    artifacts.fetch(BLOBS, "encoder", hashes["encoder"], tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "encoder").read_bytes()
    assert artifacts.contents() == {hashes["encoder"]: 5_120_000}


@pytest.fixture
def closed(server):
    """The server asks who it is from now on, and does not know the key."""
    httpx.post(f"{server}/moto-api/reset-auth", content=b"0").raise_for_status()
    yield
    httpx.post(f"{server}/moto-api/reset-auth", content=b"inf").raise_for_status()


def test_a_bucket_that_is_closed_to_us_is_told_and_changes_nothing(store, artifacts, bundle, request):
    saved = registry.save(store, artifacts, bundle, {}, name="topics", kind="text-linear")
    request.getfixturevalue("closed")
    for attempt in (lambda: registry.save(store, artifacts, bundle, {"new": 1}, name="topics", kind="text-linear"),
                    lambda: registry.load(artifacts, saved), artifacts.contents,
                    lambda: artifacts.missing(saved.sha256.values())):
        with pytest.raises(ModelError, match=r"access is denied.*CUELOOP_ARTIFACTS_URL") as told:
            attempt()
        assert "secret" not in str(told.value)
    with store.read() as conn:
        assert models.versions(conn) == [saved]


@pytest.mark.parametrize("url", ["s3://no-such-bucket-at-all/x"])
def test_a_bucket_that_does_not_exist_is_told_and_not_made(bucket, url, server):
    import boto3

    with pytest.raises(ModelError, match=r"cannot be kept.*it is not there.*CUELOOP_ARTIFACTS_URL"):
        Artifacts(url).write({"a": b"1"})
    assert [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"] if "no-such" in b["Name"]] == []


def test_a_server_that_is_away_is_told(bucket, monkeypatch):
    import fsspec

    fsspec.filesystem("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = Artifacts(f"s3://{bucket}/cueloop")
    with pytest.raises(ModelError, match=r"cannot be kept.*CUELOOP_ARTIFACTS_URL"):
        away.write({"a": b"1"})


FORK = """
import os, sys
from ml_backend.artifacts import BLOBS, Artifacts
artifacts = Artifacts(sys.argv[1])
hashes = artifacts.write({"a": b"weights"})         # the connection of the process that makes others
child = os.fork()
if child == 0:
    os._exit(0 if artifacts.read(BLOBS, hashes) == {"a": b"weights"} else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_made_of_one_that_has_a_connection_opens_its_own(bucket):
    """As the ML backend does, which loads models before it makes its processes."""
    subprocess.run([sys.executable, "-c", FORK, f"s3://{bucket}/cueloop"], check=True, timeout=60)
