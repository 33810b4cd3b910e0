"""What an S3 store says when something is wrong, and what it never says."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import secrets
import traceback
from collections.abc import Callable, Iterator

import pytest

from catalog.connection import AccessKeys
from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    IntegrityError,
    InvalidConnectionError,
    InvalidInputError,
    PreconditionFailedError,
    StoreError,
    UnreachableError,
)
from catalog.store.interface import ByteRange, IfAbsent, IfMatch, Source, UnsupportedRequestError
from catalog.store.s3.store import S3Store
from catalog.testing.seaweed import Seaweed
from catalog.testing.stub_server import Answer, StubRequest, StubServer, response, s3_error

KEYS = AccessKeys("AKIDSTUB", "the-secret-of-the-stub")


def store_on(server: StubServer, *, retries: int = 0, read_timeout: float = 5) -> S3Store:
    """A store on a scripted server."""
    return S3Store("bucket", server.url, KEYS, retries=retries, read_timeout=read_timeout)


def scripted(*answers: Answer) -> StubServer:
    """A server that gives these answers in turn, the last one again and again."""
    left = list(answers)
    return StubServer(lambda _: left.pop(0) if len(left) > 1 else left[0])


def every_request(store: S3Store) -> list[Callable[[], object]]:
    """One call of each verb."""
    return [
        lambda: store.get("a"),
        lambda: store.get_if_changed("a", '"x"'),
        lambda: store.head("a"),
        lambda: store.put("a", b"x"),
        lambda: store.put("a", b"x", precondition=IfAbsent()),
        lambda: store.put_large("a", Source(9 << 20, lambda: io.BytesIO(bytes(9 << 20)))),
        lambda: store.delete("a"),
        lambda: store.delete_many(["a", "b"]),
        lambda: list(store.list("a")),
        lambda: store.copy("a", store, "b"),
    ]


def everything_shown(error: BaseException | None) -> list[str]:
    """All that a crash screen could show of an error: its chain, and the variables of the frames below the test's own."""
    shown = []
    while error is not None:
        shown += [str(error), repr(error), repr(error.args), repr(vars(error))]
        for frame, _ in list(traceback.walk_tb(error.__traceback__))[1:]:
            shown += [repr(value) for value in frame.f_locals.values()]
        error = error.__cause__ or error.__context__
    return shown


class TestRefusals:
    """A real server that refuses."""

    def test_wrong_secret(self, seaweed: Seaweed) -> None:
        """A wrong secret is told apart from an unknown key id."""
        store = S3Store("priv", seaweed.endpoint_url, AccessKeys(seaweed.rw.access_key_id, "wrong"))
        with pytest.raises(AccessDeniedError, match="secret key does not belong"):
            store.get("a")

    def test_unknown_key_id(self, seaweed: Seaweed) -> None:
        """An unknown key id is told apart from a wrong secret."""
        store = S3Store("priv", seaweed.endpoint_url, AccessKeys("AKUNKNOWN", "wrong"))
        with pytest.raises(AccessDeniedError, match="does not know this access key id"):
            store.get("a")

    def test_reader_may_not_write(self, seaweed: Seaweed) -> None:
        """Keys that may only read can read and list; each write is refused and changes nothing."""
        kept = f"kept-{secrets.token_hex(6)}"
        seaweed.store().put(kept, b"kept")
        store = seaweed.store(keys="ro")
        for write in (
            lambda: store.put(kept, b"x"),
            lambda: store.put_large(kept, Source(9 << 20, lambda: io.BytesIO(bytes(9 << 20)))),
            lambda: store.delete(kept),
            lambda: store.delete_many([kept]),
            lambda: store.copy(kept, store, f"{kept}-copy"),
        ):
            with pytest.raises(AccessDeniedError, match="may not do this"):
                write()

        assert store.get(kept).body == b"kept"
        assert [item.name for item in store.list(kept)] == [kept]

    def test_nobody_reads_what_is_private(self, seaweed: Seaweed) -> None:
        """Without keys a private bucket is closed and a public one can be read only."""
        seaweed.store("pub").put("open", b"open")
        with pytest.raises(AccessDeniedError):
            seaweed.store("priv", "none").get("a")
        with pytest.raises(AccessDeniedError):
            seaweed.store("pub", "none").put("open", b"x")

        assert seaweed.store("pub", "none").get("open").body == b"open"

    def test_missing_bucket(self, seaweed: Seaweed) -> None:
        """Whatever is asked of a bucket that is not there, the bucket is named as missing."""
        for ask in every_request(seaweed.store("no-such-bucket")):
            with pytest.raises(BucketMissingError, match="no-such-bucket"):
                ask()


class TestNoAnswer:
    """Networks and servers that do not answer."""

    def test_nobody_listens(self) -> None:
        """A closed port is an UnreachableError for each verb."""
        with StubServer(lambda _: None) as server:
            port = server.port
        for ask in every_request(S3Store("bucket", f"http://127.0.0.1:{port}", KEYS, retries=1)):
            with pytest.raises(UnreachableError, match="there is no server"):
                ask()

    def test_server_hangs(self) -> None:
        """A server that never answers is given up after the timeout, and asked again as often as was said."""
        with scripted(None) as server:
            store = store_on(server, retries=1, read_timeout=0.2)
            with pytest.raises(UnreachableError, match="no answer in time"):
                store.get("a")

            assert len(server.requests) == 2
            assert store.traffic.requests == {"GET": 2}

    def test_body_stops_in_the_middle(self) -> None:
        """An answer that breaks off is asked for again; both are counted."""
        whole = response(200, b"0123456789", ETag='"t"')
        with scripted(whole[:-5], whole) as server:
            store = store_on(server, retries=1)

            assert store.get("a").body == b"0123456789"
            assert store.traffic.requests == {"GET": 2}
            assert store.traffic.bytes_down == 15

    def test_body_always_stops(self) -> None:
        """An answer that breaks off each time is an UnreachableError, never a shorter object."""
        with scripted(response(200, b"0123456789", ETag='"t"')[:-5]) as server, pytest.raises(UnreachableError):
            store_on(server, retries=2).get("a")

    def test_not_http(self) -> None:
        """A server that speaks something else is an UnreachableError."""
        with scripted(b"SSH-2.0-OpenSSH_9.7\r\n") as server, pytest.raises(UnreachableError):
            store_on(server).get("a")


class TestAnswers:
    """Answers that real servers give on occasions that cannot be arranged."""

    def test_trouble_passes(self) -> None:
        """A request that failed inside the server is sent again; both are counted."""
        tag = hashlib.md5(b"body").hexdigest()
        with scripted(s3_error(503, "SlowDown"), response(200, ETag=tag)) as server:
            store = store_on(server, retries=2)

            assert store.put("a", b"body") == tag
            assert store.traffic.requests == {"PUT": 2}
            assert store.traffic.bytes_up == 8

    def test_trouble_stays(self) -> None:
        """A server that keeps failing is a StoreError with its code."""
        with scripted(s3_error(500, "InternalError")) as server, pytest.raises(StoreError, match=r"500.*InternalError"):
            store_on(server, retries=1).get("a")

    @pytest.mark.parametrize("code", [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed"), (404, "NoSuchKey")])
    def test_lost_conditions(self, code: tuple[int, str]) -> None:
        """Each way in which servers say that a condition failed is a PreconditionFailedError."""
        with scripted(s3_error(*code)) as server, pytest.raises(PreconditionFailedError):
            store_on(server).put("a", b"x", precondition=IfMatch('"t"'))

    def test_lost_reply_of_a_conditional_put(self) -> None:
        """A conditional write whose reply was lost fails when it is repeated: the caller has to read back."""
        with scripted(b"", s3_error(412, "PreconditionFailed")) as server, pytest.raises(PreconditionFailedError):
            store_on(server, retries=1).put("a", b"x", precondition=IfAbsent())

    def test_conditions_not_offered(self) -> None:
        """A server that knows no conditional writes is recognised by the kind of error."""
        with scripted(s3_error(501, "NotImplemented")) as server, pytest.raises(UnsupportedRequestError):
            store_on(server).put("a", b"x", precondition=IfAbsent())

    def test_batch_delete_not_offered(self) -> None:
        """Where there is no deletion in batches, objects are deleted one by one."""

        def answer(request: StubRequest) -> Answer:
            return response(204) if request.method == "DELETE" else s3_error(501, "NotImplemented")

        with StubServer(answer) as server:
            store_on(server).delete_many(["a", "b"])

            assert [request.target for request in server.requests if request.method == "DELETE"] == [
                "/bucket/a",
                "/bucket/b",
            ]

    def test_batch_delete_of_some(self) -> None:
        """What a batch did not delete is tried alone, so that the reason is known."""

        def answer(request: StubRequest) -> Answer:
            if request.method == "DELETE":
                return s3_error(403, "AccessDenied")
            return response(200, b"<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>")

        with StubServer(answer) as server, pytest.raises(AccessDeniedError, match="'b'"):
            store_on(server).delete_many(["a", "b"])

    def test_range_ignored(self) -> None:
        """A server that sends all in place of a range still gives the right piece, and is not read to the end."""
        body = bytes(range(256)) * (80 << 10)
        with scripted(response(200, body, ETag='"t"')) as server:
            store = store_on(server)

            assert store.get("a", ByteRange(300, 4), most=4).body == body[300:304]
            assert store.traffic.bytes_down == 304

    def test_length_unknown(self) -> None:
        """A body without a length is cut off as soon as it is too long."""
        head = b'HTTP/1.1 200 OK\r\nETag: "t"\r\nConnection: close\r\n\r\n'
        with scripted(head + bytes(40 << 20)) as server:
            store = store_on(server)
            with pytest.raises(IntegrityError, match="larger"):
                store.get("a", most=1 << 20)

            assert store.traffic.bytes_down < 4 << 20

    def test_completion_whose_reply_was_lost(self) -> None:
        """An upload that was completed without our knowing is found complete."""
        size = 9 << 20

        def answer(request: StubRequest) -> Answer:
            if request.method == "POST" and request.target.endswith("?uploads"):
                return response(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
            if request.method == "PUT":
                return response(200, ETag='"p"')
            if request.method == "HEAD":
                return response(200, ETag='"t"', Content_Length=str(size))
            return s3_error(404, "NoSuchUpload")

        with StubServer(answer) as server:
            store_on(server).put_large("a", Source(size, lambda: io.BytesIO(bytes(size))))

            assert [request.method for request in server.requests][-1] == "HEAD"

    def test_copy_of_more_than_one_request_can(self) -> None:
        """What is too large for a copy in one request is copied in parts."""
        size = (6 << 30) + 5

        def answer(request: StubRequest) -> Answer:
            if request.method == "HEAD":
                return response(200, ETag='"t"', Content_Length=str(size))
            if request.method == "PUT" and "partNumber" not in request.target:
                return s3_error(400, "InvalidRequest")
            if request.method == "PUT":
                return response(200, b"<CopyPartResult><ETag>p</ETag></CopyPartResult>")
            if request.target.endswith("?uploads"):
                return response(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
            return response(200, b"<CompleteMultipartUploadResult><ETag>t</ETag></CompleteMultipartUploadResult>")

        with StubServer(answer) as server:
            store = store_on(server)

            assert store.copy("a", store, "b")
            ranges = [request.headers.get("x-amz-copy-source-range", "") for request in server.requests]
            assert f"bytes=0-{(1 << 30) - 1}" in ranges
            assert f"bytes={6 << 30}-{size - 1}" in ranges
            assert store.traffic.requests["COPY"] == 8

    def test_listing_that_goes_in_circles(self) -> None:
        """A listing that never ends is an error."""
        page = (
            b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
            b"<Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"
        )
        with scripted(response(200, page)) as server, pytest.raises(StoreError, match="listing"):
            list(store_on(server).list(""))

    def test_listing_of_strangers(self) -> None:
        """Names that nobody asked for are left out."""
        page = b"<ListBucketResult><Contents><Key>b</Key><Size>1</Size></Contents></ListBucketResult>"
        with scripted(response(200, page)) as server:
            assert list(store_on(server).list("a")) == []

    def test_no_s3_server(self) -> None:
        """A web server that is no S3 server is an error that points to the endpoint."""
        page = b"<html><p>Welcome<br></html>"
        with scripted(response(404, page)) as server, pytest.raises(BucketMissingError, match="endpoint_url"):
            list(store_on(server).list("a"))

    @pytest.mark.parametrize("header", [{"Last_Modified": "garbage"}, {"Content_Length": "many"}, {"Last_Modified": "9" * 30}])
    def test_headers_that_mean_nothing(self, header: dict[str, str]) -> None:
        """Headers that botocore cannot read are a StoreError, whatever botocore raises."""
        with scripted(response(200, b"", ETag='"t"', **header)) as server, pytest.raises(StoreError):
            store_on(server).head("a")

    def test_other_region(self) -> None:
        """A bucket that is elsewhere says which parameter to give."""
        with scripted(s3_error(400, "AuthorizationHeaderMalformed")) as server, pytest.raises(StoreError, match="region="):
            store_on(server).get("a")

    def test_codes_of_a_hostile_server_are_harmless(self) -> None:
        """Control characters and floods in an error answer do not reach the message."""
        with scripted(s3_error(400, "&#x9b;31m" + "x" * 5000)) as server, pytest.raises(StoreError) as caught:
            store_on(server).get("a")

        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


class TestHeaders:
    """What is sent."""

    def test_puts_are_plain(self) -> None:
        """A put needs one round trip and nothing that older servers reject."""
        with scripted(response(200, ETag=hashlib.md5(b"body").hexdigest())) as server:
            store_on(server).put("a b", b"body", metadata={"uuid": "1"})

            (request,) = server.requests
            assert request.target == "/bucket/a%20b"
            assert "expect" not in request.headers
            assert not [name for name in request.headers if "checksum" in name or "trailer" in name]
            assert request.headers["x-amz-meta-uuid"] == "1"
            assert request.body == b"body"

    def test_batch_delete_has_an_md5(self) -> None:
        """Servers that insist on Content-MD5 get it, in place of newer checksums."""
        with scripted(response(200, b"<DeleteResult/>")) as server:
            store_on(server).delete_many(["a"])

            assert server.requests[0].headers["content-md5"]
            assert not [name for name in server.requests[0].headers if "checksum" in name]

    def test_no_keys_no_signature(self) -> None:
        """Without keys nothing is signed."""
        with scripted(response(200, b"x", ETag='"t"')) as server:
            S3Store("bucket", server.url, None).get("a")

            assert "authorization" not in server.requests[0].headers


class TestSecrets:
    """Where a secret never appears."""

    @pytest.fixture
    def loud(self, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
        """Everything that anyone logs."""
        with caplog.at_level(logging.DEBUG):
            yield caplog

    def test_neither_in_errors_nor_in_logs(self, seaweed: Seaweed, loud: pytest.LogCaptureFixture) -> None:
        """No secret is in a message, a chained error, a local variable of a traceback that is shown, or a log line."""
        secret = "a-wrong-secret-that-must-not-be-seen"
        stores = [
            S3Store("priv", seaweed.endpoint_url, AccessKeys(seaweed.rw.access_key_id, secret), retries=0, threads=2),
            S3Store("priv", "http://127.0.0.1:9", AccessKeys("AKID", secret), retries=0),
        ]
        said = []
        for store in stores:
            said.append(repr(store) + repr(vars(store)))
            for ask in every_request(store):
                with pytest.raises(CatalogError) as caught:
                    ask()
                said += everything_shown(caught.value)

        assert secret not in "\n".join(said)
        assert not re.search("X-Amz-Signature|Signature=", "\n".join(said))
        assert secret not in loud.text

    def test_not_when_a_client_cannot_be_made(self) -> None:
        """A refused region shows no keys, even in the variables of the traceback."""
        secret = "another-secret-that-must-not-be-seen"
        with pytest.raises(InvalidConnectionError) as caught:
            S3Store("bucket", "http://127.0.0.1:9", AccessKeys("AKID", secret), region="not a region!")

        assert secret not in "\n".join(everything_shown(caught.value))

    def test_bodies_are_not_quoted(self) -> None:
        """An argument that botocore refuses is not repeated in the message."""
        with pytest.raises(InvalidInputError) as caught:
            S3Store("bucket", "http://127.0.0.1:9", KEYS).put("a", b"x", metadata={"k": "ä-private-value"})

        assert "private-value" not in str(caught.value)
