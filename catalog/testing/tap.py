"""A tap between a client and a server on this machine: it counts what passes, and can play a slow, distant network."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

_CHUNK = 1 << 20
_LONGEST_HEAD = 1 << 16
_LOGGED = 10_000


@dataclass(frozen=True, slots=True)
class TappedRequest:
    """One request as it passed; ``body_bytes`` is what its head announced."""

    method: str
    target: str
    body_bytes: int


@dataclass
class TapCounts:
    """What passed since the last reset; bytes include the heads of requests and answers."""

    requests: dict[str, int] = field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0
    connections: int = 0
    log: list[TappedRequest] = field(default_factory=list)

    @property
    def total_requests(self) -> int:
        """Requests of all methods."""
        return sum(self.requests.values())


class Tap:
    """``with Tap(port) as tap``: speak to ``tap.endpoint_url`` in place of port ``port`` of 127.0.0.1.

    ``delay`` is one way, in seconds, so that a round trip costs twice that, and a new connection one more round trip;
    ``bytes_per_second`` is shared by all connections, for each direction.
    """

    def __init__(self, upstream_port: int, *, delay: float = 0, bytes_per_second: float | None = None) -> None:
        self._upstream_port, self._delay, self._rate = upstream_port, delay, bytes_per_second
        self._counts = TapCounts()
        self._lock = threading.Lock()
        self._link_free_at = {"up": 0.0, "down": 0.0}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tap", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(asyncio.start_server(self._serve, sock=self._listener, limit=_CHUNK))
        return self

    def __exit__(self, *_: object) -> None:
        self._run(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    @property
    def endpoint_url(self) -> str:
        """Where the tap listens."""
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> TapCounts:
        """Return what passed since the last reset."""
        with self._lock:
            return replace(self._counts, requests=dict(self._counts.requests), log=list(self._counts.log))

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self._counts = TapCounts()

    def _run(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with self._lock:
            self._counts.connections += 1
        await asyncio.sleep(2 * self._delay)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream_port, limit=_CHUNK)
        except OSError:
            to_client.close()
            return
        heads = _HeadReader(self._note_request)
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.gather(self._carry(client, to_server, "up", heads), self._carry(server, to_client, "down", None))
        finally:
            to_server.close()
            to_client.close()

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: str, heads: _HeadReader | None
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)
        delivery = asyncio.ensure_future(self._deliver(queue, target))
        with suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                self._note_bytes(way, len(data))
                if heads is not None:
                    heads.feed(data)
                await queue.put((self._arrival(way, len(data)), data))
        await queue.put((self._arrival(way, 0), b""))
        with suppress(ConnectionError, RuntimeError):
            await delivery

    def _arrival(self, way: str, size: int) -> float:
        at = self._loop.time()
        if self._rate:
            at = self._link_free_at[way] = max(at, self._link_free_at[way]) + size / self._rate
        return at + self._delay

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        """Pass data on when it is due; a target that went away still empties the queue."""
        while True:
            due, data = await queue.get()
            if due > self._loop.time():
                await asyncio.sleep(due - self._loop.time())
            if not data:
                break
            with suppress(ConnectionError, RuntimeError):
                target.write(data)
                await target.drain()
        with suppress(OSError, RuntimeError):
            target.write_eof()

    def _note_bytes(self, way: str, size: int) -> None:
        with self._lock:
            if way == "up":
                self._counts.bytes_up += size
            else:
                self._counts.bytes_down += size

    def _note_request(self, request: TappedRequest) -> None:
        with self._lock:
            self._counts.requests[request.method] = self._counts.requests.get(request.method, 0) + 1
            if len(self._counts.log) < _LOGGED:
                self._counts.log.append(request)


class _HeadReader:
    """Follows one stream of requests, whose bodies say their length, and tells each head."""

    def __init__(self, tell: Callable[[TappedRequest], None]) -> None:
        self._tell = tell
        self._head = bytearray()
        self._body_left = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        while data:
            if self._body_left:
                taken = min(self._body_left, len(data))
                self._body_left -= taken
                data = data[taken:]
                continue
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                if len(self._head) > _LONGEST_HEAD:
                    self._head.clear()
                return
            data = bytes(self._head[end + 4 :])
            self._note(bytes(self._head[:end]))
            self._head.clear()

    def _note(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, *_ = [*first.split(" "), "", ""]
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                self._body_left = int(value)
        self._tell(TappedRequest(method, target, self._body_left))


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
