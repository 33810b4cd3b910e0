"""A server that gives scripted answers, for what no real server does when it is asked to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class StubRequest:
    """What a client asked for; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = bytes | None
"""The raw bytes to send, after which the connection is closed; None hangs until the server ends."""


class StubServer:
    """Listens on 127.0.0.1 and answers each request with what ``answer`` makes of it; keeps the requests.

    A whole answer comes from `response`; anything shorter is a broken one.
    """

    def __init__(self, answer: Callable[[StubRequest], Answer]) -> None:
        self._answer = answer
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.requests: list[StubRequest] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="stub server", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), name="stub answer", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = _read_request(connection)
            if request is None:
                return
            self.requests.append(request)
            answer = self._answer(request)
            if answer is None:
                self._ended.wait()
            else:
                connection.sendall(answer)


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Make a whole HTTP answer; underscores in header names become dashes."""
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Scripted\r\n{head}Connection: close\r\n\r\n".encode() + body


def s3_error(status: int, code: str) -> bytes:
    """Make an error answer of an S3 server."""
    return response(status, f"<Error><Code>{code}</Code><Message>scripted</Message></Error>".encode())


def _read_request(connection: socket.socket) -> StubRequest | None:
    with connection.makefile("rb") as stream:
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while (header := stream.readline().strip()) and b":" in header:
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        return StubRequest(line[0], line[1], headers, body)
