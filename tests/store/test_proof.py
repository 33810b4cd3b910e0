"""What was written is known to be stored: a tag that is the body's MD5, or a look; and an answer that drips is given up."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.connection import AccessKeys
from catalog.errors import CatalogError, UnreachableError
from catalog.store.https import HttpsStore
from catalog.store.interface import IfAbsent, ObjectStore
from catalog.store.proof import is_opaque
from catalog.store.s3.store import S3Store
from catalog.testing.stub_server import StubRequest, StubServer, response

KEYS = AccessKeys("AKIDSTUB", "the-secret-of-the-stub")


class Bucket:
    """A server that keeps objects; ``tag`` makes their tags, and ``keeps`` says whether it really does."""

    def __init__(self, tag: Callable[[bytes], str | None], *, keeps: bool = True) -> None:
        self.tag, self.keeps = tag, keeps
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []

    def answer(self, request: StubRequest) -> bytes:
        self.asked.append(request.method)
        if request.method == "PUT":
            if self.keeps:
                self.objects[request.target] = request.body
            tag = self.tag(request.body)
            return response(200, ETag=f'"{tag}"') if tag else response(200)
        body = self.objects.get(request.target)
        if body is None:
            return response(404, b"<Error><Code>NoSuchKey</Code></Error>" if request.method == "GET" else b"")
        return response(200, body if request.method == "GET" else b"", ETag='"x"', Content_Length=str(len(body)))


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


@pytest.fixture
def serve() -> Iterator[Callable[[Bucket], S3Store]]:
    servers = []

    def start(bucket: Bucket) -> S3Store:
        server = StubServer(bucket.answer)
        servers.append(server)
        server.__enter__()
        return S3Store("bucket", server.url, KEYS, retries=0, read_timeout=5)

    yield start
    for server in servers:
        server.__exit__()


def test_a_tag_that_is_the_md5_costs_nothing(serve: Callable[[Bucket], S3Store]) -> None:
    """Where tags say what the bytes are, a write is one request."""
    bucket = Bucket(md5)
    store = serve(bucket)
    store.put("a", b"1")
    store.put("a", b"2", precondition=IfAbsent())
    assert bucket.asked == ["PUT", "PUT"]


def test_other_tags_are_read_back_once(serve: Callable[[Bucket], S3Store], tmp_path: Path) -> None:
    """Where tags are no MD5 the first object is read back; from then on its size has to do, but for what changes."""
    bucket = Bucket(lambda _: "f" * 32)
    store = serve(bucket)
    for body in (b"1", b"2", b"3"):
        store.put("a", body)
    assert bucket.asked == ["PUT", "GET", "PUT", "HEAD", "PUT", "HEAD"]
    assert is_opaque(store.where)
    store.put("head", b"4", precondition=IfAbsent())
    assert bucket.asked[6:] == ["PUT", "GET"]


@pytest.mark.parametrize("tag", [lambda _: None, lambda _: "f" * 32], ids=["no tag", "some tag"])
@pytest.mark.parametrize("conditional", [False, True])
def test_a_page_that_answers_is_no_store(
    serve: Callable[[Bucket], S3Store], tag: Callable[[bytes], str | None], *, conditional: bool
) -> None:
    """A 200 of something that keeps nothing is an error, and says that nothing was stored."""
    store = serve(Bucket(tag, keeps=False))
    with pytest.raises(UnreachableError, match="not stored"):
        store.put("a", b"1", precondition=IfAbsent() if conditional else None)


class Drip:
    """A server that sends the head of an answer, and then a byte each 50 ms."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nETag: "x"\r\n\r\n')
            while not self._ended.wait(0.05):
                connection.sendall(b"x")

    def close(self) -> None:
        self._ended.set()
        self._socket.close()


@pytest.fixture
def drip() -> Iterator[Drip]:
    made = Drip()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["s3", "https"])
def test_an_answer_that_drips_is_given_up(drip: Drip, kind: str) -> None:
    """Bytes that come one by one do not keep a request alive: after its patience it is an error that can be tried again."""
    store: ObjectStore = (
        S3Store("bucket", drip.url, KEYS, retries=0, read_timeout=0.3)
        if kind == "s3"
        else HttpsStore(f"{drip.url}/a", "a", retries=0, read_timeout=0.3)
    )
    with pytest.raises(CatalogError, match="too slowly"):
        store.get("a", most=10_000_000)
    store.close()
