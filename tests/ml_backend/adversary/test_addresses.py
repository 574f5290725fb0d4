"""Addresses in tasks that try to reach what nobody allowed, and servers that answer with more than they should."""

import gzip
import zlib
from contextlib import suppress

import pytest

from cueloop.label_config import parse
from cueloop.settings import Settings
from ml_backend.texts.fetch import Fetcher
from ml_backend.texts.hosts import NotFetched
from ml_backend.texts.reader import Texts
from tests.ml_backend.web import Web

TOKEN = "b" * 40


@pytest.fixture
def web():
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def config(tmp_path, web):
    """The web server is Label Studio; a host of another name is allowed too."""
    return Settings(home=tmp_path, label_studio_url=web.url, label_studio_api_key=TOKEN, fetch_megabytes=0.1,
                    fetch_hosts="files.example.com", fetch_seconds=2)


def why(config, address):
    with pytest.raises(NotFetched) as told:
        Fetcher(config).get(address)
    return str(told.value)


@pytest.mark.parametrize("spelling", [
    "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "[::ffff:127.0.0.1]", "[::1]", "localhost",
    "localhost.", "127.0.0.1.", "[::ffff:7f00:1]", "0", "127。0。0。1", "①②⑦.0.0.1", "127.0.0.1%00.files.example.com",
    "files.example.com@127.0.0.1", "127.0.0.1#.files.example.com", "127.0.0.1\\@files.example.com", "[fe80::1%25lo]",
    "files.example.com.evil.test", "evil-files.example.com", "files.example.com:1@127.0.0.1"])
@pytest.mark.parametrize("path", ["/api/users", "/data/../api/users"])
def test_no_spelling_of_a_host_reaches_one_that_is_not_allowed(config, web, spelling, path):
    web.text("/api/users", "secret")
    for form in (f"http://{spelling}:{web.port}{path}", f"HTTP://{spelling}:{web.port}{path}"):
        assert "secret" not in why(config, form)
    assert web.asked == []


@pytest.mark.parametrize("path", [
    "/data/../api/users", "/data/%2e%2e/api/users", "/data/%252e%252e/api/users", "/data/..%2fapi/users",
    "/data/..;/api", "/data\\..\\api\\users", "/data/%5c..%5capi", "//data/x", "/data/./../api/users", "/api/data/x",
    "/DATA/../api",
    "/tasks/1/resolve/../../../api/users", "/tasks/1/resolve", "/tasks/x/resolve/",
    "/projects/1/resolve/%2e%2e/%2e%2e/api",
    "/data/x\r\nHost: evil", "/data/x HTTP/1.1\r\nX: y"])
def test_of_label_studio_nothing_but_contents_is_fetched(config, web, path):
    for address in (path, web.url + path):
        with suppress(NotFetched):
            Fetcher(config).get(address)
    assert [asked for asked, _ in web.asked if not asked.startswith("/data/") or ".." in asked or "\\" in asked] == []


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://files.example.com/", "data:,x",
                                    "//127.0.0.1/x", "/\\127.0.0.1/x", "http:/etc/passwd", "http:///x", "javascript:1",
                                    "http://u:p@{own}/data/x", "http://{own}@evil.test/data/x"])
def test_a_redirect_goes_where_an_address_may_go_and_nowhere_else(config, web, scheme):
    web.sends_on("/data/a", scheme.format(own=web.url.removeprefix("http://")))
    assert why(config, "/data/a")
    assert [asked for asked, _ in web.asked] == ["/data/a"]


def test_the_token_goes_to_contents_of_label_studio_only(config, web):
    # Given contents that send on to another part of Label Studio, and to another server that is allowed
    other = Web()
    try:
        web.sends_on("/data/own", "/api/current-user/token")
        web.sends_on("/data/other", other.text("/x", "there"))
        allowed = config.model_copy(update={"fetch_hosts": f"127.0.0.1:{other.port}"})
        assert why(allowed, "/data/own")
        assert Fetcher(allowed).get("/data/other").data == b"there"
        assert [headers.get("Authorization") for _, headers in other.asked] == [None]
        assert {asked for asked, _ in web.asked} == {"/data/own", "/data/other"}
    finally:
        other.stop()


def page(web, body, coding):
    web.pages["/data/p"] = (200, {"Content-Type": "text/plain", "Content-Encoding": coding}, body)
    return "/data/p"


def test_what_is_packed_several_times_or_by_other_means_is_not_unpacked(config, web):
    twice = gzip.compress(gzip.compress(b"x" * 50_000_000))
    for body, coding in ((twice, "gzip, gzip"), (b"x", "br"), (b"x", "zstd"), (zlib.compress(b"x"), "deflate")):
        assert "Content-Encoding" in why(config, page(web, body, coding))


def test_a_bomb_is_unpacked_no_further_than_its_limit(config, web):
    import tracemalloc

    bomb = gzip.compress(b"x" * 60_000_000)
    tracemalloc.start()
    try:
        assert "CUELOOP_FETCH_MEGABYTES" in why(config, page(web, bomb, "gzip"))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_is_packed_once_is_read_whole_or_not_at_all(config, web):
    text = ("a text " * 3_000).encode()
    assert Fetcher(config).get(page(web, gzip.compress(text), "gzip")).data == text
    assert Fetcher(config).get(page(web, gzip.compress(text) + gzip.compress(b"more"), "gzip")).data == text + b"more"
    assert "middle" in why(config, page(web, gzip.compress(text)[:-20], "gzip"))
    assert why(config, page(web, b"no archive", "gzip"))


def test_a_host_that_is_no_longer_allowed_gives_nothing_that_was_kept(config, web, tmp_path):
    control = parse('<View><Text name="t" value="$x" valueType="url"/><Choices name="c" toName="t"><Choice value="a"/>'
                    '<Choice value="b"/></Choices></View>').controls[0]
    address = web.text("/x", "kept")
    allowed = Settings(home=tmp_path, fetch_hosts=f"127.0.0.1:{web.port}")
    assert Texts(allowed)(control, [address]) == ["kept"]
    assert Texts(Settings(home=tmp_path))(control, [address]) == [None]
    assert Texts(allowed)(control, [address]) == ["kept"]
    assert len(web.asked) == 1
