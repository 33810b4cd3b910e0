"""A database at a public web address, read over plain HTTPS."""

from __future__ import annotations

import hashlib
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeVar
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import urllib3
from typing_extensions import override
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as NoAnswerError
from urllib3.response import BaseHTTPResponse

from catalog.errors import (
    AccessDeniedError,
    CatalogError,
    InvalidInputError,
    ObjectMissingError,
    ReadOnlyError,
    StoreError,
    UnreachableError,
)
from catalog.processes.fork import OfOneProcess, keep_for_ever
from catalog.store.interface import (
    ByteRange,
    FetchedObject,
    ListedObject,
    ObjectInfo,
    UnsupportedRequestError,
)
from catalog.store.read_only import ReadOnlyStore
from catalog.store.streaming import BodyReader

_CONNECT_TIMEOUT = 5.0
_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_LONGEST_PAUSE = 5.0
_SHORT = 1 << 16
_OWN_TAG = "digest:"
_METADATA = "x-amz-meta-"

T = TypeVar("T")


class _BusyError(StoreError):
    """The server is in trouble for the moment: worth another try."""


class HttpsStore(ReadOnlyStore, OfOneProcess):
    """The objects of one database at ``db_url``, read only.

    ``name`` is the database's object name: that object is at ``db_url``, and ``name + '/x'`` at ``db_url + '/x'``. A query
    in ``db_url`` stays on every address. At most ``threads`` connections are kept open; a request is given up after
    ``read_timeout`` seconds without an answer, and repeated ``retries`` times. Redirects are followed, never from https to
    http.
    """

    def __init__(self, db_url: str, name: str, *, threads: int = 8, read_timeout: float = 60, retries: int = 3) -> None:
        super().__init__()
        self._name, self._retries = name, retries
        self._address = urlsplit(db_url)
        self.where = urlunsplit(self._address._replace(query=""))
        self._threads, self._read_timeout = threads, read_timeout
        self._pool = self._make_pool()
        self.belong_here()

    def _make_pool(self) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=self._read_timeout)
        host = self._address.hostname or ""
        proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(self._address.scheme)
        if proxy:
            return urllib3.ProxyManager(proxy, maxsize=self._threads, timeout=timeout)
        return urllib3.PoolManager(maxsize=self._threads, timeout=timeout)

    @override
    def after_fork(self) -> None:
        keep_for_ever(self._pool)
        self._pool = self._make_pool()

    def url_of(self, name: str) -> str:
        """The address of an object. Raises InvalidInputError for one that does not belong to the database."""
        if not name.startswith(self._name):
            raise InvalidInputError(f"{self.where}: only objects of {self._name!r} are at this address, not {name!r}.")
        inside = quote(name[len(self._name) :])
        path = self._address.path.rstrip("/") + inside if inside else self._address.path
        return urlunsplit(self._address._replace(path=path))

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        headers = {}
        if byte_range is not None:
            if byte_range.length <= 0:
                return FetchedObject(b"", self.head(name).etag)
            headers["Range"] = f"bytes={byte_range.start}-{byte_range.start + byte_range.length - 1}"
        fetched = self._fetch(name, byte_range, most, headers)
        return fetched if fetched is not None else FetchedObject(b"", self.head(name).etag)

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        headers = {} if not etag or etag.startswith(_OWN_TAG) else {"If-None-Match": etag}
        fetched = self._fetch(name, None, most, headers)
        return None if fetched is not None and fetched.etag == etag else fetched

    def _fetch(self, name: str, byte_range: ByteRange | None, most: int | None, headers: dict[str, str]) -> FetchedObject | None:
        """Fetch bytes; None when the server has none to send: not modified, or a range past the end."""
        reader = BodyReader(self.where, name, byte_range, most, self.traffic.receive, self._read_timeout)

        def once() -> FetchedObject | None:
            with closing(self._request("GET", name, headers)) as answer:
                if answer.status in (304, 416):
                    _finish(answer)
                    return None
                is_piece = answer.status == 206
                if is_piece and byte_range is not None:
                    self._check_piece(answer, byte_range)
                body = reader.read(answer, _length(answer), is_piece=is_piece)
                tag = _tag(answer, None if byte_range is not None else body)
                return FetchedObject(body, tag, _user_metadata(answer))

        return self._repeatedly(once)

    def _check_piece(self, answer: BaseHTTPResponse, byte_range: ByteRange) -> None:
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {byte_range.start}-"):
            raise StoreError(f"{self.where}: the server sent another piece than the one that was asked for.")

    @override
    def head(self, name: str) -> ObjectInfo:
        def once() -> ObjectInfo:
            with closing(self._request("HEAD", name, {})) as answer:
                size = _length(answer)
                _finish(answer)
                if size is None:
                    raise StoreError(f"{self.where}: the server does not say how large {name!r} is.")
                return ObjectInfo(size, _tag(answer, None), _modified(answer), _user_metadata(answer))

        return self._repeatedly(once)

    def _repeatedly(self, act: Callable[[], T]) -> T:
        for attempt in range(self._retries):
            try:
                return act()
            except (UnreachableError, _BusyError):
                time.sleep(min(0.05 * 2**attempt, _LONGEST_PAUSE) * random.random())  # noqa: S311 - no secret
        return act()

    def _request(self, method: str, name: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        url = self.url_of(name)
        for _ in range(_MOST_REDIRECTS):
            self.traffic.count(method)
            answer = self._send(method, url, headers)
            if answer.status not in _REDIRECTS:
                self._check(answer, name)
                return answer
            _finish(answer)
            url = self.next_url(url, answer.headers.get("Location", ""))
        raise StoreError(f"{self.where}: too many redirects.", hint="Use the address that they lead to.")

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        sent = {"Accept-Encoding": "identity", "User-Agent": "booklet-catalog", **headers}
        try:
            return self._pool.request(
                method, url, headers=sent, preload_content=False, decode_content=False, redirect=False, retries=False
            )
        except NameResolutionError:
            problem, hint = "there is no such host", "Check the address and the network."
        except SSLError:
            problem, hint = "no secure connection", "The server's certificate is not trusted, or it does not speak HTTPS."
        except NewConnectionError:  # to urllib3 a kind of timeout
            problem, hint = "there is no server", "Check the address and the network."
        except NoAnswerError:
            problem, hint = "no answer in time", "Check the network, or allow more with read_timeout=."
        except HTTPError as error:
            problem, hint = f"no connection ({type(error).__name__})", "Check the address and the network."
        raise UnreachableError(f"{self.where}: {problem}.", hint=hint)

    def next_url(self, url: str, location: str) -> str:
        """Where a redirect leads. Raises StoreError for an address that is not safe to follow."""
        target = urljoin(url, location)
        allowed = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
        if not location or urlsplit(target).scheme not in allowed:
            raise StoreError(f"{self.where}: the server redirects to an address that is not safe to follow.")
        return target

    def _check(self, answer: BaseHTTPResponse, name: str) -> None:
        if answer.status in (200, 206, 304, 416):
            if answer.headers.get("Content-Encoding", "identity") not in ("", "identity"):
                answer.close()
                raise StoreError(f"{self.where}: the server changes what it sends (Content-Encoding).")
            return
        _finish(answer)
        raise self._problem(answer.status, name)

    def _problem(self, status: int, name: str) -> CatalogError:
        if status in (404, 410):
            return ObjectMissingError(self.where, name)
        if status in (401, 403):
            return AccessDeniedError(
                f"{self.where}: access denied for {name!r}.",
                hint="It is not public, or it does not exist: many servers answer the same to both.",
            )
        if status == 429 or status >= 500:
            return _BusyError(f"{self.where}: the server answered {status}.", hint="It is in trouble or busy: try again later.")
        return StoreError(f"{self.where}: the server answered {status} for {name!r}.")

    @override
    def refuse(self) -> NoReturn:
        raise ReadOnlyError(
            f"{self.where} is a web address: it can only be read.",
            hint="Writing needs the bucket, its endpoint and credentials.",
        )

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        raise UnsupportedRequestError(f"{self.where}: objects at a web address cannot be listed.")

    @override
    def close(self) -> None:
        self._pool.clear()


def _finish(answer: BaseHTTPResponse) -> None:
    """Be done with an answer whose body does not matter, so that its connection can be used again."""
    with suppress(HTTPError):
        answer.read(_SHORT)
    answer.close()


def _length(answer: BaseHTTPResponse) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() else None


def _user_metadata(answer: BaseHTTPResponse) -> dict[str, str]:
    found = ((name.lower(), value) for name, value in answer.headers.items())
    return {name.removeprefix(_METADATA): value for name, value in found if name.startswith(_METADATA)}


def _modified(answer: BaseHTTPResponse) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers.get("Last-Modified", ""))
    except ValueError:
        return None


def _tag(answer: BaseHTTPResponse, body: bytes | None) -> str:
    """The server's tag; without one, the digest of the whole body if that is at hand."""
    given = answer.headers.get("ETag", "")
    if given or body is None:
        return given
    return _OWN_TAG + hashlib.blake2b(body, digest_size=16).hexdigest()
