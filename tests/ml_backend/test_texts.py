"""Texts behind addresses: fetched where the tag says so, from allowed hosts, within limits; never otherwise."""

import contextlib
import gzip
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as examples_of
from hypothesis import strategies as st

from cueloop.errors import SettingsError
from cueloop.label_config import parse
from cueloop.settings import Settings
from cueloop.store import schema as s
from ml_backend import consensus_data, protocol, registry
from ml_backend.artifacts import Artifacts
from ml_backend.retrain import retrain
from ml_backend.texts import network, reader
from ml_backend.texts.decode import plain
from ml_backend.texts.fetch import Fetcher, fetch_file
from ml_backend.texts.hosts import Hosts, NotFetched
from ml_backend.texts.kept import DAY, Kept
from ml_backend.texts.reader import Texts, inline
from tests.ml_backend.conftest import CONFIG, Project
from tests.ml_backend.conftest import examples as labelled
from tests.ml_backend.server import predict, task
from tests.ml_backend.web import Web, drip, drip_headers, endless

TOKEN = "a" * 40


def control(tag="Text", linked=True):
    kind = ' valueType="url"' if linked else ""
    return parse(f'<View><{tag} name="t" value="$text"{kind}/><Choices name="c" toName="t"><Choice value="a"/>'
                 '<Choice value="b"/></Choices></View>').controls[0]


@pytest.fixture
def web():
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def own():
    """Label Studio, or what looks like it."""
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def config(tmp_path, web):
    return Settings(home=tmp_path / "home", fetch_hosts=f"127.0.0.1:{web.port}", fetch_megabytes=0.1, fetch_seconds=0.6)


def why(settings, address):
    with pytest.raises(NotFetched) as told:
        Fetcher(settings).get(address)
    return str(told.value)


# --- what is an address -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [
    ".", "model.py", "/etc/hostname", "upload the file failed", "s3: is down", "http://127.0.0.1:1/secret",
    "https://example.com", "file:///etc/passwd", "/data/upload/1/x.txt", "data:text/plain,hi"])
def test_a_text_is_never_taken_for_an_address_or_a_path(config, text, monkeypatch):
    monkeypatch.setattr(Fetcher, "get", lambda *_: pytest.fail("fetched"))
    assert Texts(config)(control(linked=False), [text]) == [text]


def test_where_the_tag_says_so_the_text_behind_the_address_is_read(config, web):
    address = web.text("/a.txt", "schöne Grüße")
    assert Texts(config)(control(), [address, f" {address}\n", None, 7, ""]) == ["schöne Grüße"] * 2 + [None] * 3
    assert len(web.asked) == 1
    # And without a fetcher an address is nothing: never the text
    assert inline(control(), [address]) == [None]


@pytest.mark.parametrize("address", [
    "file:///etc/passwd", "ftp://127.0.0.1/x", "s3://bucket/key", "gopher://127.0.0.1/", "data:text/plain,hi", "a.txt",
    "//127.0.0.1/x", "/\\127.0.0.1/x", "http://", "http://[::1", "http:///x", "javascript:1", "\x00",
    "é", "http://\ud800"])
def test_only_web_addresses_are_fetched(config, address):
    assert "home" not in why(config, address)


@given(st.text(max_size=60))
@examples_of(max_examples=50, deadline=None)
def test_any_value_is_refused_with_a_reason_or_fetched(text):
    hosts = Hosts.of(Settings(fetch_hosts="files.example.com", label_studio_url="http://127.0.0.1:9/x"))
    for value in (text, f"http://{text}", f"http://files.example.com/{text}"):
        with contextlib.suppress(NotFetched):
            hosts.check(hosts.whole(value))


# --- from where ---------------------------------------------------------------------------------------------------

def test_a_host_that_is_not_allowed_is_not_asked(config, web):
    address = web.text("/a.txt", "secret")
    assert why(Settings(home=config.home), address).startswith("127.0.0.1: ")
    assert why(config.model_copy(update={"fetch_hosts": "127.0.0.1"}), address)        # another port
    assert why(config.model_copy(update={"fetch_hosts": f"localhost:{web.port}"}), address)
    assert web.asked == []


@pytest.mark.parametrize("allowed", ["http://x", "x/y", "a b", "host:99999", "*", "*.*", "u@h", "[::1", "**.x"])
def test_a_setting_that_names_no_host_is_an_error(allowed):
    with pytest.raises(SettingsError, match="CUELOOP_FETCH_HOSTS"):
        Hosts.of(Settings(fetch_hosts=allowed))


def resolve_to(monkeypatch, *addresses):
    monkeypatch.setattr(network.socket, "getaddrinfo",
                        lambda host, port, **_: [(2, 1, 6, "", (address, port)) for address in addresses])


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1",
    "fd00::1", "0.0.0.0", "224.0.0.1", "100.100.100.200", "2002:7f00:1::",
    "64:ff9b:1::7f00:1", "::127.0.0.1", "fec0::1", "fe80::1%lo", "2001:0:4136:e378:8000:63bf:80ff:fffe", "240.0.0.1",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "255.255.255.255", "::", "2001:db8::1", "100::1"])
def test_a_wildcard_reaches_public_addresses_only(monkeypatch, address):
    resolve_to(monkeypatch, address)
    assert "may be connected to" in why(Settings(fetch_hosts="*.example.com"), "http://evil.example.com/")


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_where_clouds_keep_secrets_is_refused_to_a_host_of_any_name(monkeypatch, address):
    resolve_to(monkeypatch, address)
    assert "may be connected to" in why(Settings(fetch_hosts="files.intranet"), "http://files.intranet/")


def test_what_was_checked_is_what_is_connected_to(monkeypatch, config, web):
    # Given a name that resolves to a good address once and to a forbidden one ever after
    web.text("/a", "good")
    said = iter(["127.0.0.1"])
    monkeypatch.setattr(network.socket, "getaddrinfo", lambda host, port, *_, **__: [
        (2, 1, 6, "", (next(said, "169.254.169.254") if host == "rebinding.test" else host, port))])
    settings = config.model_copy(update={"fetch_hosts": f"rebinding.test:{web.port}"})
    # Then it is resolved once, and the connection goes there
    assert Fetcher(settings).get(f"http://rebinding.test:{web.port}/a").data == b"good"
    assert web.asked[0][1]["Host"] == f"rebinding.test:{web.port}"


# --- Label Studio's own -------------------------------------------------------------------------------------------

def test_uploads_of_label_studio_are_fetched_with_our_token_and_nobody_else_sees_it(tmp_path, web, own):
    own.text("/data/upload/1/a.txt", "of ours")
    own.sends_on("/tasks/5/resolve/", web.text("/elsewhere.txt", "in the cloud"))
    web.text("/other.txt", "of others")
    settings = Settings(home=tmp_path, label_studio_url=own.url, label_studio_api_key=TOKEN,
                        fetch_hosts=f"127.0.0.1:{web.port}")
    read = Texts(settings)(control(), ["/data/upload/1/a.txt", f"{own.url}/data/upload/1/a.txt",
                                       "/tasks/5/resolve/?fileuri=x", f"{web.url}/other.txt"])
    assert read == ["of ours", "of ours", "in the cloud", "of others"]
    assert {headers.get("Authorization") for _, headers in own.asked} == {f"Token {TOKEN}"}
    assert [headers.get("Authorization") for _, headers in web.asked] == [None, None]


@pytest.mark.parametrize("path", ["/api/users", "/data/../api/users", "/data/%2e%2e/api/users", "/data/%252e%252e/api/",
                                  "/user/login", "/data", "/tasks/5/", "/data/..%5capi"])
def test_nothing_else_of_label_studio_is_fetched(tmp_path, own, path):
    settings = Settings(home=tmp_path, label_studio_url=own.url, label_studio_api_key=TOKEN)
    assert "CUELOOP_FETCH_HOSTS" in why(settings, path)
    assert own.asked == []


def test_a_label_studio_below_a_path(tmp_path, own):
    own.text("/ls/data/upload/a.txt", "hello")
    settings = Settings(home=tmp_path, label_studio_url=f"{own.url}/ls/", label_studio_api_key=TOKEN)
    assert Texts(settings)(control(), ["/data/upload/a.txt", "/ls/data/upload/a.txt"]) == ["hello", "hello"]


# --- within limits ------------------------------------------------------------------------------------------------

def test_redirects_are_followed_to_allowed_hosts_and_not_for_ever(config, web, own):
    web.text("/end", "end")
    web.sends_on("/3", "/end")
    web.sends_on("/2", "/3")
    assert Fetcher(config).get(web.sends_on("/1", "/2")).data == b"end"
    assert "redirects" in why(config, web.sends_on("/0", "/1"))
    assert "redirects" in why(config, web.sends_on("/round", "/round"))
    assert "CUELOOP_FETCH_HOSTS" in why(config, web.sends_on("/out", own.text("/secret", "secret")))
    assert "CUELOOP_FETCH_HOSTS" in why(config, web.sends_on("/meta", "http://169.254.169.254/latest/meta-data"))
    assert "http" in why(config, web.sends_on("/file", "file:///etc/passwd"))
    assert own.asked == []


@pytest.mark.parametrize("page", [drip, drip_headers])
def test_a_slow_drip_ends_at_the_time_limit(config, web, page):
    web.pages["/slow"] = page
    began = time.monotonic()
    assert "CUELOOP_FETCH_SECONDS" in why(config, web.url + "/slow")
    assert time.monotonic() - began < 10      # it would take twenty


def test_what_is_too_large_is_not_read_to_its_end(config, web):
    web.pages["/endless"] = endless
    bomb = gzip.compress(b"x" * 10_000_000)
    web.pages["/bomb"] = (200, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, bomb)
    for path in ("/endless", "/bomb"):
        assert "CUELOOP_FETCH_MEGABYTES" in why(config, web.url + path)
    assert "CUELOOP_FETCH_MEGABYTES" in why(config, web.text("/long", "x" * 100_001))
    assert len(Fetcher(config).get(web.text("/fits", "x" * 100_000)).data) == 100_000


# --- what is a text -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("data", "kind", "text"), [
    ("Grüße".encode(), "text/plain", "Grüße"),
    ("Grüße".encode("latin-1"), "text/plain; charset=iso-8859-1", "Grüße"),
    ("Grüße".encode("latin-1"), "text/plain; charset=utf-8", "Grüße"),            # a charset that is wrong
    ("Grüße".encode(), "text/plain; charset=klingon", "Grüße"),
    ("Grüße".encode(), "text/plain; charset=base64", "Grüße"),
    ("Grüße".encode("utf-16"), "text/plain", "Grüße"), ("Grüße".encode("utf-8-sig"), "", "Grüße"),
    (b'{"a": 1}', "application/json", '{"a": 1}'), (b"plain", "application/octet-stream", "plain"),
    (b"", "text/plain", "")])
def test_charsets(config, web, data, kind, text):
    assert Texts(config)(control(), [web.text("/x", data, kind)]) == [text]


@pytest.mark.parametrize(("data", "kind"), [
    (b"\x89PNG\r\n\x1a\n\0\0", "image/png"), (b"\x89PNG\r\n\x1a\n\0\0", "text/plain"), (b"PK\x03\x04\0", ""),
    (b"\0\1\2", "application/octet-stream"), (b"%PDF-1.7", "application/pdf"), (b"words", "audio/wav")])
def test_what_is_no_text_is_refused(config, web, data, kind):
    assert Texts(config)(control(), [web.text("/x", data, kind)]) == [None]


@pytest.mark.parametrize(("markup", "text"), [
    ("no tags &amp; all", "no tags & all"), ("<p>One</p><p>two</p>", "One  two"), ("b<b>ol</b>d", "bold"),
    ("<script>alert('<p>')</script>seen<STYLE>p{}</STYLE>", "seen"), ("a<!-- hid > den -->b", "a b"),
    ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"), ("cut <a href='", "cut"), ("<script>never closed", ""),
    ("&#x41;<br/>&nope;", "A &nope;"),
    ("<!doctype html><html><body>x</body></html>", "x")])
def test_html_is_read_as_a_person_reads_it(markup, text):
    assert plain(markup) == text
    assert inline(control("HyperText", linked=False), [markup]) == [text]
    assert inline(control("Text", linked=False), [markup]) == [markup]


@given(st.text(alphabet="<>/!-script= \"'&;a", max_size=200))
@examples_of(max_examples=50)
def test_any_html_gives_a_text(markup):
    assert isinstance(plain(markup), str)


@pytest.mark.parametrize("piece", ["<", "<a", "<script>", "<!--", "&", "<b>x"])
def test_html_is_read_in_linear_time(piece):
    began = time.process_time()
    plain(piece * 100_000)
    assert time.process_time() - began < 5      # quadratic takes minutes


# --- one failure costs one task -----------------------------------------------------------------------------------

def test_one_address_that_fails_costs_that_one_only_and_is_told_without_its_query(config, web, logged):
    lines, good = logged(reader), web.text("/good", "good")
    texts = Texts(config)
    signed = f"{web.url}/gone?X-Signature=open-sesame"
    assert texts(control(), [good, signed, "s3://bucket/key?sig=open-sesame", good]) == ["good", None, None, "good"]
    assert texts.counts == {"fetched": 1, "failed": 2, "kept": 0}
    assert {line[1]["reason"].partition(":")[0] for line in lines} == {
        "127.0.0.1", "only addresses that begin with http"}
    assert "open-sesame" not in str(lines)
    assert "gone" not in str(lines)


def test_what_failed_is_not_tried_again_at_once_and_a_dead_host_holds_nobody_up(config, web):
    clock = [0.0]
    texts = Texts(config, clock=lambda: clock[0])
    signed = f"{web.url}/gone"
    for _ in range(3):
        assert texts(control(), [signed]) == [None]
    assert len(web.asked) == 1
    # And when it is there a minute later, it is read
    web.text("/gone", "there")
    clock[0] = 61.0
    assert texts(control(), [signed]) == ["there"]
    # And a host that answers nobody is asked by as many as go at a time, and by nobody after
    web.pages = {f"/{n}": drip for n in range(100)}
    began = time.monotonic()
    assert texts(control(), [f"{web.url}/{n}" for n in range(100)]) == [None] * 100
    assert time.monotonic() - began < 6      # one by one it takes sixty seconds, eight at a time eight
    assert len(web.asked) < 30


def test_a_request_waits_only_so_long_for_its_texts(config, web):
    web.pages |= {f"/{n}": lambda handler: time.sleep(0.2) or drip(handler) for n in range(20)}
    texts = Texts(config.model_copy(update={"fetch_seconds": 0.3}), seconds=0.1)
    assert texts(control(), [f"{web.url}/{n}" for n in range(20)]) == [None] * 20
    assert len(web.asked) <= reader.AT_A_TIME


# --- kept ---------------------------------------------------------------------------------------------------------

def test_a_text_is_fetched_once_for_serving_prediction_and_training(config, web):
    address = web.text("/a.txt?key=open-sesame", "kept")
    web.text("/a.txt", "kept")
    assert Texts(config)(control(), [address]) == Texts(config)(control(), [address]) == ["kept"]
    assert len(web.asked) == 1
    files = [file for file in (config.home / "texts").rglob("*") if file.is_file()]
    assert [file.read_text() for file in files] == ["kept"]
    assert "open-sesame" not in str(files)
    assert files[0].stat().st_mode & 0o077 == 0


def test_what_is_kept_is_bounded_and_grows_old(tmp_path):
    clock = [time.time()]
    kept = Kept(tmp_path, memory=2_000, disk=5_000, clock=lambda: clock[0])
    for number in range(410):
        kept.put(f"http://x/{number}", "t" * 100)
    assert kept._size <= 2_000
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.txt")) <= 5_000 + 200 * 100
    assert kept.get("http://x/409") == "t" * 100
    clock[0] += DAY + 60
    assert kept.get("http://x/409") is None


def test_a_home_that_takes_no_more_costs_nothing_but_speed(config, web, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ml_backend.texts.kept.write_whole", full)
    assert Texts(config)(control(), [web.text("/a", "text")]) == ["text"]


# --- in a request, and for a team's own class ---------------------------------------------------------------------

def test_a_request_is_put_with_texts_in_the_place_of_addresses(config, web):
    address = web.text("/a.html", "<p>Bread</p>", "text/html")
    body = {"tasks": [{"data": {"text": address, "n": 1}}, {"data": {"text": web.url + "/gone"}}, {"id": 1}, None,
                      {"data": 5}]}
    asked = protocol.asked(body)
    found = Texts(config).inlined(asked, [control("HyperText")])
    assert found.tasks[0] == {"data": {"text": "Bread", "n": 1}}
    assert found.tasks[1] == {"data": {"text": None}}
    assert found.tasks[2:] == ({"id": 1}, None, {"data": 5})
    assert asked.tasks[0]["data"]["text"] == address
    assert Texts(config).inlined(asked, [control(linked=False)]) is asked


def test_a_file_for_a_model_that_wants_a_path(config, web, tmp_path):
    address = web.text("/image.png", b"\x89PNG\0", "image/png")
    first = fetch_file(address, config, tmp_path / "files")
    assert first.read_bytes() == b"\x89PNG\0"
    assert first.suffix == ".png"
    assert fetch_file(address, config, tmp_path / "files") == first
    assert len(web.asked) == 1
    with pytest.raises(NotFetched):
        fetch_file("http://127.0.0.1:1/x", config, tmp_path / "files")


def test_cookies_and_credentials_stay_with_who_gave_them(config, web):
    web.pages["/login"] = (302, {"Location": "/next", "Set-Cookie": "session=1"}, b"")
    web.text("/next", "x")
    Fetcher(config).get(web.url + "/login")
    assert "Cookie" not in web.asked[1][1]
    assert "user name" in why(config, f"http://user:password@127.0.0.1:{web.port}/next")


def test_a_project_whose_texts_lie_behind_addresses_trains_predicts_and_serves(serve, settings, store, web):
    # Given a project whose tasks hold addresses, of which one leads nowhere
    linked = CONFIG.replace('value="$text"', 'value="$text" valueType="url"')
    fetching = settings.model_copy(update={"fetch_hosts": f"127.0.0.1:{web.port}"})
    some = [replace(one, text=web.text(f"/{one.key}.txt", one.text)) for one in labelled(60)]
    project = Project(store, config=linked)
    project.add([*some, replace(some[0], text=f"{web.url}/gone")])
    # When it is trained, then it learns the texts, and every task that has one is predicted
    with store.read() as conn:
        data = consensus_data.datasets(conn, 1, read=Texts(fetching))
        assert consensus_data.datasets(conn, 1)[0].examples == ()
    assert {one.text for one in data[0].examples} == {one.text for one in labelled(60)}
    outcome = retrain(store, Artifacts(settings.artifacts), "project-1", data, actor="test", project_id=1,
                      read=Texts(fetching))
    with store.read() as conn:
        predicted = conn.scalar(sa.select(sa.func.count()).select_from(s.predictions))
    assert predicted == (60 if outcome.verdict.promoted else 0)
    registry.promote(store, outcome.version, actor="test", reason="")
    # And a request is answered by the text, and only that task is not whose address fails
    client = serve(fetch_hosts=fetching.fetch_hosts)
    address = web.text("/new.txt", "bread and cheese, soup and butter")
    tasks = [task(address), task(f"{web.url}/gone"), task("bread and cheese, soup and butter")]
    good, gone, text = predict(client, tasks, project="1.2", label_config=linked)
    assert good["result"][0]["value"]["choices"] == ["food"]
    assert gone["result"] == text["result"] == []
