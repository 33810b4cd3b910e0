"""The counting tap."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pytest

from catalog.store.interface import ByteRange, IfAbsent, Source
from catalog.store.s3.store import S3Store
from catalog.testing.seaweed import Seaweed
from catalog.testing.stub_server import StubServer, response
from catalog.testing.tap import Tap


@pytest.fixture
def work(seaweed: Seaweed) -> Callable[[str], S3Store]:
    """Do some of everything through an endpoint, and return the store that did it."""

    def do(endpoint_url: str) -> S3Store:
        store = S3Store("priv", endpoint_url, seaweed.rw)
        store.put("tapped/one", bytes(5000))
        store.put("tapped/two", b"", precondition=IfAbsent())
        store.get("tapped/one", ByteRange(10, 100))
        store.head("tapped/one")
        store.put_large("tapped/large", Source(20 << 20, lambda: io.BytesIO(bytes(20 << 20))))
        list(store.list("tapped/"))
        store.delete_many(["tapped/one", "tapped/two", "tapped/large"])
        return store

    return do


def test_requests_and_bodies_agree_with_the_store(seaweed: Seaweed, work: Callable[[str], S3Store]) -> None:
    """What a store counts is what passes over the line."""
    with Tap(seaweed.port) as tap:
        store = work(tap.endpoint_url)
        counts = tap.counts()

    # A large object's tag says nothing of its content: its size is asked for.
    assert counts.requests == {"PUT": 5, "GET": 2, "HEAD": 2, "POST": 3}
    assert store.traffic.requests == {"PUT": 5, "GET": 1, "HEAD": 2, "POST": 3, "LIST": 1}
    assert counts.total_requests == store.traffic.total_requests == len(counts.log)
    assert sum(request.body_bytes for request in counts.log) == store.traffic.bytes_up
    assert counts.bytes_up - store.traffic.bytes_up < 1500 * counts.total_requests
    assert 0 < counts.bytes_down - store.traffic.bytes_down < 1500 * counts.total_requests


def test_bytes_are_exact() -> None:
    """Every byte is counted once in its direction, heads included."""
    answer = response(200, b"x" * 777, ETag='"t"')
    with StubServer(lambda _: answer) as server, Tap(server.port) as tap:
        S3Store("bucket", tap.endpoint_url, None).get("a")

        assert tap.counts().bytes_down == len(answer)
        assert tap.counts().connections == 1
        (request,) = tap.counts().log
        assert (request.method, request.target, request.body_bytes) == ("GET", "/bucket/a", 0)


def test_reset() -> None:
    """After a reset only what comes then is counted."""
    with StubServer(lambda _: response(200, b"x", ETag='"t"')) as server, Tap(server.port) as tap:
        store = S3Store("bucket", tap.endpoint_url, None)
        store.get("a")
        tap.reset()
        assert tap.counts().total_requests == tap.counts().bytes_up == 0

        store.get("b")
        assert tap.counts().requests == {"GET": 1}


def test_distance_and_width() -> None:
    """A round trip costs twice the delay, and bytes pass at the rate."""
    with (
        StubServer(lambda _: response(200, bytes(50_000), ETag='"t"')) as server,
        Tap(server.port, delay=0.03, bytes_per_second=500_000) as tap,
    ):
        began = time.monotonic()
        S3Store("bucket", tap.endpoint_url, None).get("a")
        took = time.monotonic() - began

    assert took > 4 * 0.03 + 50_000 / 500_000


def test_nobody_behind_the_tap() -> None:
    """A server that is not there looks like one that hangs up."""
    with StubServer(lambda _: None) as server:
        port = server.port
    with Tap(port) as tap, pytest.raises(ConnectionError):
        S3Store("bucket", tap.endpoint_url, None, retries=0).get("a")
