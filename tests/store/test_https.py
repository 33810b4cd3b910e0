"""A public web address as a store."""

from __future__ import annotations

import http.server
import secrets
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from catalog.errors import (
    AccessDeniedError,
    IntegrityError,
    InvalidInputError,
    ObjectMissingError,
    StoreError,
    UnreachableError,
)
from catalog.store.directory.store import DirectoryStore
from catalog.store.https import HttpsStore
from catalog.store.interface import ByteRange
from catalog.testing.seaweed import Seaweed
from catalog.testing.store_contract import ODD_NAMES, ReadOnlyContract, Stand
from catalog.testing.stub_server import Answer, StubRequest, StubServer, response
from catalog.testing.tap import Tap

NAME = "rain.blt"


class TestPublicBucket(ReadOnlyContract):
    """A bucket that anyone may read, over plain HTTP."""

    @pytest.fixture
    def stand(self, seaweed: Seaweed) -> Stand:
        """The bucket by its address, and by a writer's keys."""
        bucket = seaweed.store("pub")
        root = f"data/{secrets.token_hex(6)}.blt"

        def raw_put(name: str, body: bytes) -> None:
            bucket.put(name, body)

        def raw_get(name: str) -> bytes | None:
            try:
                return bucket.get(name).body
            except ObjectMissingError:
                return None

        return Stand(HttpsStore(f"{seaweed.endpoint_url}/pub/{root}", root), root, raw_put, raw_get)

    def test_metadata_is_read(self, seaweed: Seaweed, stand: Stand) -> None:
        """What S3 calls user metadata is seen without S3."""
        seaweed.store("pub").put(stand.root, b"head", metadata={"uuid": "a1b2"})

        assert stand.store.head(stand.root).metadata == {"uuid": "a1b2"}

    def test_connections_are_kept(self, seaweed: Seaweed) -> None:
        """Answers of all kinds leave the connection usable."""
        seaweed.store("pub").put("kept.blt", b"0123456789")
        with Tap(seaweed.port) as tap:
            store = HttpsStore(f"{tap.endpoint_url}/pub/kept.blt", "kept.blt", threads=1)
            for _ in range(3):
                tag = store.get("kept.blt").etag
                store.get("kept.blt", ByteRange(2, 3))
                store.get("kept.blt", ByteRange(20, 3))
                store.get_if_changed("kept.blt", tag)
                store.head("kept.blt")
                with pytest.raises(ObjectMissingError):
                    store.get("kept.blt/none")

            assert tap.counts().connections == 1


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Expect clients that stop reading."""


class TestServedFolder(ReadOnlyContract):
    """A folder store behind Python's own web server, which knows neither ranges nor tags."""

    odd_names = tuple(odd for odd in ODD_NAMES if not set("%?") & set(odd) and odd != "index.html")

    @pytest.fixture
    def address(self, tmp_path: Path) -> Iterator[str]:
        """The address of the folder."""
        with _QuietServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    @pytest.fixture
    def stand(self, address: str, tmp_path: Path) -> Stand:
        """The folder by its address, and as a folder."""
        folder = DirectoryStore(tmp_path)
        root = f"data/{NAME}"

        def raw_put(name: str, body: bytes) -> None:
            folder.put(name, body)

        def raw_get(name: str) -> bytes | None:
            try:
                return folder.get(name).body
            except ObjectMissingError:
                return None

        return Stand(
            HttpsStore(f"{address}/{root}", NAME), NAME, lambda n, b: raw_put(f"data/{n}", b), lambda n: raw_get(f"data/{n}")
        )


def on(server: StubServer, *, retries: int = 0, read_timeout: float = 5, query: str = "") -> HttpsStore:
    """A store on a scripted server."""
    return HttpsStore(f"{server.url}/pub/{NAME}{query}", NAME, retries=retries, read_timeout=read_timeout)


def scripted(*answers: Answer) -> StubServer:
    """A server that gives these answers in turn, the last one again and again."""
    left = list(answers)
    return StubServer(lambda _: left.pop(0) if len(left) > 1 else left[0])


class TestAddresses:
    """Which address an object has."""

    def test_objects_are_below_the_head(self) -> None:
        """The head is at the address, the rest below it, and a query stays."""
        store = HttpsStore("https://example.org/a%20b/rain.blt?version=2", NAME)

        assert store.url_of(NAME) == "https://example.org/a%20b/rain.blt?version=2"
        assert store.url_of(f"{NAME}/packs/é+1") == "https://example.org/a%20b/rain.blt/packs/%C3%A9%2B1?version=2"

    def test_slash_at_the_end(self) -> None:
        """A slash at the end of the address belongs to the head's address only."""
        store = HttpsStore("https://example.org/rain.blt/", NAME)

        assert store.url_of(NAME) == "https://example.org/rain.blt/"
        assert store.url_of(f"{NAME}/packs/1") == "https://example.org/rain.blt/packs/1"

    def test_strangers_are_refused(self) -> None:
        """An object of another database has no address here."""
        with pytest.raises(InvalidInputError):
            HttpsStore("https://example.org/rain.blt", NAME).get("snow.blt")

    def test_messages_do_not_show_the_query(self) -> None:
        """A query may hold what is not for everyone."""
        with scripted(response(404)) as server, pytest.raises(ObjectMissingError) as caught:
            on(server, query="?code=private").get(NAME)

        assert "private" not in str(caught.value)


class TestRedirects:
    """Where the store lets itself be sent."""

    def test_followed(self) -> None:
        """A redirect is followed, relative or absolute, and counted."""
        steps = (response(302, Location="/moved"), response(308, Location="/again?x=1"), response(200, b"body"))
        with scripted(*steps) as server:
            store = on(server)

            assert store.get(NAME).body == b"body"
            assert [request.target for request in server.requests] == [f"/pub/{NAME}", "/moved", "/again?x=1"]
            assert store.traffic.requests == {"GET": 3}

    def test_range_survives(self) -> None:
        """The headers of the request go along."""
        with scripted(response(302, Location="/moved"), response(206, b"34", Content_Range="bytes 3-4/9")) as server:
            assert on(server).get(NAME, ByteRange(3, 2)).body == b"34"
            assert server.requests[1].headers["range"] == "bytes=3-4"

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/x", ""])
    def test_other_schemes_are_refused(self, location: str) -> None:
        """A redirect to anything but a web address is not followed."""
        with scripted(response(302, Location=location)) as server, pytest.raises(StoreError, match="not safe"):
            on(server).get(NAME)

    @pytest.mark.parametrize(
        ("url", "location", "target"),
        [
            ("https://a/x", "https://b/y", "https://b/y"),
            ("http://a/x", "https://b/y", "https://b/y"),
            ("http://a/x", "http://b/y", "http://b/y"),
            ("https://a/x", "//b/y", "https://b/y"),
            ("https://a/x", "http://b/y", None),
        ],
    )
    def test_never_from_https_to_http(self, url: str, location: str, target: str | None) -> None:
        """Encryption once is encryption to the end."""
        store = HttpsStore("https://a/x", "x")
        if target is None:
            with pytest.raises(StoreError, match="not safe"):
                store.next_url(url, location)
        else:
            assert store.next_url(url, location) == target

    def test_circles_end(self) -> None:
        """A server that redirects for ever is given up."""
        with scripted(response(302, Location="/circle")) as server, pytest.raises(StoreError, match="too many redirects"):
            on(server).get(NAME)


class TestAnswers:
    """What servers on the web do."""

    def test_range_ignored(self) -> None:
        """All in place of a range: the right piece, and the rest unread."""
        body = bytes(range(256)) * (80 << 10)
        with scripted(response(200, body)) as server:
            store = on(server)

            assert store.get(NAME, ByteRange(300, 4), most=4).body == body[300:304]
            assert store.traffic.bytes_down == 304

    def test_wrong_range(self) -> None:
        """Another piece than the one asked for is an error."""
        answer = response(206, b"01", Content_Range="bytes 0-1/9")
        with scripted(answer) as server, pytest.raises(StoreError, match="another piece"):
            on(server).get(NAME, ByteRange(3, 2))

    def test_length_unknown(self) -> None:
        """A body without a length is cut off as soon as it is too long."""
        with scripted(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(40 << 20)) as server:
            store = on(server)
            with pytest.raises(IntegrityError, match="larger"):
                store.get(NAME, most=1 << 20)

            assert store.traffic.bytes_down < 4 << 20

    @pytest.mark.parametrize("status", [401, 403])
    def test_denied(self, status: int) -> None:
        """A refusal says that the object may just not exist."""
        with scripted(response(status)) as server, pytest.raises(AccessDeniedError, match="does not exist"):
            on(server).get(NAME)

    def test_trouble_passes(self) -> None:
        """A busy server is asked again."""
        with scripted(response(503), response(429), response(200, b"body")) as server:
            store = on(server, retries=2)

            assert store.get(NAME).body == b"body"
            assert store.traffic.requests == {"GET": 3}

    def test_trouble_stays(self) -> None:
        """A server that stays busy is a StoreError."""
        with scripted(response(503)) as server, pytest.raises(StoreError, match="503"):
            on(server, retries=1).get(NAME)

    def test_body_stops_in_the_middle(self) -> None:
        """An answer that breaks off is asked for again, and never taken for the whole."""
        whole = response(200, b"0123456789")
        with scripted(whole[:-5], whole) as server:
            assert on(server, retries=1).get(NAME).body == b"0123456789"
        with scripted(whole[:-5]) as server, pytest.raises(UnreachableError):
            on(server, retries=1).get(NAME)

    def test_hangs(self) -> None:
        """A server that does not answer is given up after the timeout, as often as was said."""
        with scripted(None) as server:
            with pytest.raises(UnreachableError, match="no answer in time"):
                on(server, retries=1, read_timeout=0.2).get(NAME)

            assert len(server.requests) == 2

    def test_nobody_listens(self) -> None:
        """A closed port is no slow server."""
        with scripted(None) as server:
            store = on(server)
        with pytest.raises(UnreachableError, match="there is no server"):
            store.get(NAME)

    def test_changed_on_the_way(self) -> None:
        """A server that compresses although nobody asked is an error, not data."""
        with scripted(response(200, b"x", Content_Encoding="gzip")) as server:
            with pytest.raises(StoreError, match="Content-Encoding"):
                on(server).get(NAME)
            assert server.requests[0].headers["accept-encoding"] == "identity"

    def test_server_without_tags(self) -> None:
        """Where there are no tags the bytes themselves are compared."""
        with scripted(response(200, b"one"), response(200, b"one"), response(200, b"two")) as server:
            store = on(server)
            tag = store.get(NAME).etag

            assert store.get_if_changed(NAME, tag) is None
            changed = store.get_if_changed(NAME, tag)
            assert changed is not None
            assert changed.body == b"two"
            assert not any("if-none-match" in request.headers for request in server.requests)

    def test_server_that_ignores_conditions(self) -> None:
        """An object that is sent again with the same tag counts as unchanged."""
        with scripted(response(200, b"one", ETag='"t"')) as server:
            assert on(server).get_if_changed(NAME, '"t"') is None

    def test_weak_tags(self) -> None:
        """The weak tag of a compressing proxy works as a tag."""

        def answer(request: StubRequest) -> Answer:
            known = request.headers.get("if-none-match") == 'W/"t"'
            return response(304) if known else response(200, b"one", ETag='W/"t"')

        with StubServer(answer) as server:
            store = on(server)

            assert store.get_if_changed(NAME, store.get(NAME).etag) is None
