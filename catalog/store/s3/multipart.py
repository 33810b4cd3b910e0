"""Objects in parts: uploads that are streamed from disk, and copies of what is too large for one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, BinaryIO

from catalog.errors import CatalogError, LocalFileError
from catalog.store.interface import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

_PART = 8 << 20
_COPY_PART = 1 << 30
_MOST_PARTS = 10_000
_MOST_AT_ONCE = 4
"""Parts in memory at a time; more does not go faster and costs 8 MiB each."""


class Upload:
    """One multipart upload under way: started, then completed or aborted."""

    def __init__(self, client: S3Client, bucket: str, name: str) -> None:
        self._client, self._bucket, self._name = client, bucket, name
        self._id = client.create_multipart_upload(Bucket=bucket, Key=name)["UploadId"]
        self._done: list[CompletedPartTypeDef] = []

    def put_part(self, number: int, body: bytes) -> int:
        """Send one part and return its size. Parts are numbered from 1; any thread may send one."""
        answer = self._client.upload_part(Bucket=self._bucket, Key=self._name, UploadId=self._id, PartNumber=number, Body=body)
        self._done.append({"PartNumber": number, "ETag": answer["ETag"]})
        return len(body)

    def copy_part(self, number: int, source: CopySourceTypeDef, start: int, end: int) -> None:
        """Copy bytes ``start`` to ``end`` (not included) of an object as one part."""
        answer = self._client.upload_part_copy(
            Bucket=self._bucket,
            Key=self._name,
            UploadId=self._id,
            PartNumber=number,
            CopySource=source,
            CopySourceRange=f"bytes={start}-{end - 1}",
        )
        self._done.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})

    def complete(self, size: int) -> None:
        """Make the object visible. A retry whose first reply was lost finds no upload any more, but the object."""
        parts = sorted(self._done, key=lambda part: part["PartNumber"])
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=self._name, UploadId=self._id, MultipartUpload={"Parts": parts}
            )
        except self._client.exceptions.NoSuchUpload:
            if self._client.head_object(Bucket=self._bucket, Key=self._name)["ContentLength"] != size:
                raise

    def abort(self) -> None:
        """Remove the parts that are up."""
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._name, UploadId=self._id)


def upload_in_parts(
    client: S3Client,
    bucket: str,
    name: str,
    source: Source,
    advance: Callable[[int], None],
    threads: int,
    request: Callable[[str], AbstractContextManager[None]],
) -> None:
    """Upload ``source``; each request runs inside ``request(name)``. Whatever goes wrong, no parts stay behind."""
    if source.size <= _PART:
        with source.open() as stream, request(name):
            client.put_object(Bucket=bucket, Key=name, Body=_exactly(stream, source.size, name))
        advance(source.size)
        return
    with request(name):
        upload = Upload(client, bucket, name)

    def send(number: int, body: bytes) -> int:
        with request(name):
            return upload.put_part(number, body)

    try:
        with source.open() as stream, ThreadPoolExecutor(min(threads, _MOST_AT_ONCE), "upload") as pool:
            _send_all(_parts(stream, source.size, name), lambda number, body: pool.submit(send, number, body), advance)
        with request(name):
            upload.complete(source.size)
    except BaseException:
        with suppress(CatalogError), request(name):
            upload.abort()
        raise


def copy_in_parts(client: S3Client, source: CopySourceTypeDef, size: int, bucket: str, name: str) -> None:
    """Copy an object of ``size`` bytes that is too large for one CopyObject."""
    upload = Upload(client, bucket, name)
    try:
        for number, start in enumerate(range(0, size, _COPY_PART), 1):
            upload.copy_part(number, source, start, min(size, start + _COPY_PART))
        upload.complete(size)
    except BaseException:
        with suppress(client.exceptions.ClientError):
            upload.abort()
        raise


def _parts(stream: BinaryIO, size: int, name: str) -> Iterator[bytes]:
    part_size = max(_PART, -(-size // _MOST_PARTS))
    for start in range(0, size, part_size):
        yield _exactly(stream, min(part_size, size - start), name)


def _exactly(stream: BinaryIO, size: int, name: str) -> bytes:
    body = stream.read(size)
    if len(body) != size:
        raise LocalFileError(f"The source of {name!r} ended early: it was changed while it was uploaded.", hint="Try again.")
    return body


def _send_all(parts: Iterator[bytes], submit: Callable[[int, bytes], Future[int]], advance: Callable[[int], None]) -> None:
    """Keep a few parts on their way; a failure of one, or of ``advance``, stops the rest."""
    under_way: set[Future[int]] = set()
    try:
        for number, body in enumerate(parts, 1):
            under_way.add(submit(number, body))
            if len(under_way) == _MOST_AT_ONCE:
                under_way = _settle(under_way, advance)
        while under_way:
            under_way = _settle(under_way, advance)
    except BaseException:
        for part in under_way:
            part.cancel()
        raise


def _settle(under_way: set[Future[int]], advance: Callable[[int], None]) -> set[Future[int]]:
    done, rest = wait(under_way, return_when=FIRST_COMPLETED)
    for part in done:
        advance(part.result())
    return rest
