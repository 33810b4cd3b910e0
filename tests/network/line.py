"""A line to an S3 server on which requests and answers go wrong at random: an HTTP proxy on 127.0.0.1."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import BinaryIO

FAULTS = (
    "lost before",
    "lost reply",
    "late write",
    "duplicate",
    "delay",
    "500 before",
    "500 after",
    "412",
    "foreign page",
    "truncated",
    "flipped",
    "stale head",
    "drip",
)
_ERROR = b'<?xml version="1.0"?><Error><Code>%s</Code><Message>scripted</Message></Error>'
_LONGEST_DELAY = 0.2

Answer = tuple[int, list[tuple[str, str]], bytes]


class FaultyLine:
    """Passes requests on to ``port``; a share of them goes wrong, each in one of `FAULTS`. ``counts`` has how many of each did.

    The answers to a reading of the object ``head`` may be those of some time ago.
    """

    def __init__(self, port: int, head: str, *, share: float, seed: int) -> None:
        self._port, self._head, self._share = port, head, share
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._heads: list[Answer] = []
        self.counts: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="faulty line", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    @property
    def faults(self) -> int:
        """How many requests went wrong."""
        return sum(self.counts.values())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError, http.client.HTTPException), connection.makefile("rb") as stream:
            while self._answer_one(connection, stream):
                pass

    def _answer_one(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Answer one request; whether the connection goes on."""
        first = stream.readline().decode("latin-1").split(" ")
        if len(first) != 3:
            return False
        method, path = first[0], first[1]
        headers = []
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = stream.read(length)
        fault = self._draw(method, path)
        answer = self._act(method, path, headers, body, fault)
        if answer is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        return self._send(connection, method, answer, fault)

    def _draw(self, method: str, path: str) -> str | None:
        with self._lock:
            if self._random.random() >= self._share:
                return None
            fault = self._random.choice(FAULTS)
            fits = {
                "late write": method == "PUT",
                "duplicate": method != "GET",
                "412": method == "PUT",
                "truncated": method == "GET",
                "flipped": method == "GET",
                "drip": method == "GET",
                "stale head": method == "GET" and path.endswith(self._head) and len(self._heads) > 1,
            }
            if not fits.get(fault, True):
                return None
            self.counts[fault] += 1
            return fault

    def _act(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes, fault: str | None) -> Answer | None:
        """The answer to a request with its fault; None where the line breaks."""
        if fault in ("lost before", "500 before", "412", "foreign page"):
            return {
                "lost before": None,
                "500 before": (503, [], _ERROR % b"SlowDown"),
                "412": (412, [], _ERROR % b"PreconditionFailed"),
                "foreign page": (200, [("Content-Type", "text/html")], b"<html>Please log in to the network</html>"),
            }[fault]
        if fault == "late write":
            threading.Timer(self._pause(), self._forward, (method, path, headers, body)).start()
            return None
        if fault == "delay":
            time.sleep(self._pause())
        answer = self._forward(method, path, headers, body)
        if fault == "duplicate":
            answer = self._forward(method, path, headers, body)
        if fault == "lost reply":
            return None
        if fault == "500 after":
            return 500, [], _ERROR % b"InternalError"
        if method == "GET" and path.endswith(self._head) and answer[0] == 200:
            with self._lock:
                self._heads.append(answer)
                if fault == "stale head":
                    return self._random.choice(self._heads[-6:])
        return answer

    def _pause(self) -> float:
        with self._lock:
            return self._random.uniform(0, _LONGEST_DELAY)

    def _forward(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            server.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                server.putheader(name, value)
            server.endheaders(body or None)
            found = server.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            server.close()

    def _send(self, connection: socket.socket, method: str, answer: Answer, fault: str | None) -> bool:
        status, headers, body = answer
        said = len(body)
        if method == "HEAD":
            said = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            body = b""
        if fault == "flipped" and body:
            with self._lock:
                at = self._random.randrange(len(body))
            body = body[:at] + bytes([body[at] ^ 8]) + body[at + 1 :]
        lines = [f"HTTP/1.1 {status} X"]
        lines += [
            f"{name}: {value}"
            for name, value in headers
            if name.lower() not in ("content-length", "transfer-encoding", "connection")
        ]
        if status not in (204, 304):
            lines.append(f"Content-Length: {said}")
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if fault == "truncated":
            connection.sendall(body[: len(body) // 2])
            return False
        if fault == "drip" and body:
            with suppress(OSError):
                for start in range(len(body)):
                    connection.sendall(body[start : start + 1])
                    time.sleep(0.05)
            return True
        connection.sendall(body)
        return True
