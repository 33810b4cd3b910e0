"""One bucket of an S3 service."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from catalog.errors import IntegrityError, ObjectMissingError, PreconditionFailedError, StoreError, UnreachableError
from catalog.processes.fork import OfOneProcess
from catalog.store.identity import Identity, fingerprint
from catalog.store.interface import (
    ByteRange,
    FetchedObject,
    IfAbsent,
    IfMatch,
    ListedObject,
    ObjectInfo,
    ObjectStore,
    Powers,
    Precondition,
    Source,
    UnfinishedUpload,
    UnsupportedRequestError,
)
from catalog.store.proof import is_opaque, note_opaque, proves
from catalog.store.s3.client import ClientSettings, client_for, counting
from catalog.store.s3.errors import error_code, error_status, translated
from catalog.store.s3.multipart import copy_in_parts, upload_in_parts
from catalog.store.streaming import BodyReader, BrokenBodyError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

_PER_DELETE = 1000
_LARGEST_COPY = 5 << 30


class S3Store(ObjectStore, OfOneProcess):
    """One bucket. ``keys`` None sends unsigned requests; an `AwsChain` leaves the choice of credentials to botocore.

    ``endpoint_url`` None is AWS. At most ``threads`` parts of a large object travel at once. A request is given up after
    ``read_timeout`` seconds without an answer, and repeated ``retries`` times.
    """

    def __init__(
        self,
        bucket: str,
        endpoint_url: str | None,
        keys: Identity,
        *,
        region: str | None = None,
        threads: int = 8,
        read_timeout: float = 60,
        retries: int = 3,
    ) -> None:
        super().__init__()
        self.bucket = bucket
        self.where = f"{endpoint_url or 'aws'}/{bucket}"
        self.settings = ClientSettings(endpoint_url, region, threads, read_timeout, retries)
        self.powers = Powers(writes=True, lists=True, compare_and_swap=True if self.settings.is_aws else None)
        self.identity = fingerprint(keys)
        self._keys = keys
        self._made: S3Client | None = client_for(self.settings, keys)
        self.belong_here()

    @property
    def _client(self) -> S3Client:
        if self._made is None:
            self._made = client_for(self.settings, self._keys)
        return self._made

    @override
    def after_fork(self) -> None:
        self._made = None

    @contextmanager
    def _request(self, name: str = "") -> Iterator[None]:
        with counting(self.traffic), translated(self.where, name):
            yield

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        if byte_range is not None and byte_range.length <= 0:
            return FetchedObject(b"", self.head(name).etag)
        fetched = self._fetch(name, byte_range, most, {})
        return fetched if fetched is not None else FetchedObject(b"", self.head(name).etag)

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        return self._fetch(name, None, most, {"IfNoneMatch": etag})

    def _fetch(
        self, name: str, byte_range: ByteRange | None, most: int | None, condition: dict[str, Any]
    ) -> FetchedObject | None:
        """Fetch bytes; None when the server has none to send: not modified, or a range past the end."""
        wanted = dict(condition)
        if byte_range is not None:
            wanted["Range"] = f"bytes={byte_range.start}-{byte_range.start + byte_range.length - 1}"
        reader = BodyReader(self.where, name, byte_range, most, self.traffic.receive, self.settings.read_timeout)
        for _ in range(self.settings.retries):
            with suppress(BrokenBodyError):
                return self._fetch_once(name, reader, wanted)
        return self._fetch_once(name, reader, wanted)

    def _fetch_once(self, name: str, reader: BodyReader, wanted: dict[str, Any]) -> FetchedObject | None:
        with self._request(name):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=name, **wanted)
            except self._client.exceptions.ClientError as error:
                if error_status(error.response) in (304, 416):
                    return None
                raise
            with answer["Body"] as stream:
                # botocore's own stream waits until all that was asked for is there, however slowly it comes
                body = reader.read(
                    getattr(stream, "_raw_stream", stream), answer.get("ContentLength"), is_piece="ContentRange" in answer
                )
            return FetchedObject(body, answer.get("ETag", ""), answer.get("Metadata", {}))

    @override
    def head(self, name: str) -> ObjectInfo:
        try:
            with self._request(name):
                answer = self._client.head_object(Bucket=self.bucket, Key=name)
        except ObjectMissingError:
            self._check_bucket()
            raise
        size, tag = answer.get("ContentLength", 0), answer.get("ETag", "")
        return ObjectInfo(size, tag, answer.get("LastModified"), answer.get("Metadata", {}))

    def _check_bucket(self) -> None:
        """Raise BucketMissingError if it was the bucket: the answer to a HEAD cannot tell."""
        with self._request():
            try:
                self._client.head_bucket(Bucket=self.bucket)
            except self._client.exceptions.ClientError as error:
                if error_status(error.response) == 404:
                    error.response["Error"]["Code"] = "NoSuchBucket"
                    raise

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        condition: dict[str, Any] = {}
        if isinstance(precondition, IfMatch):
            condition = {"IfMatch": precondition.etag}
        elif isinstance(precondition, IfAbsent):
            condition = {"IfNoneMatch": "*"}
        with self._request(name):
            try:
                answer = self._client.put_object(
                    Bucket=self.bucket,
                    Key=name,
                    Body=body,  # type: ignore[arg-type]  # botocore takes a bytearray as it takes bytes
                    Metadata=dict(metadata or {}),
                    **condition,
                )
            except self._client.exceptions.ClientError as error:
                status, code = error_status(error.response), error_code(error.response)
                if condition and code != "NoSuchBucket" and status in (404, 409, 412):
                    raise PreconditionFailedError(self.where, name) from None
                raise
        tag: str = answer.get("ETag", "")
        if not proves(tag, body):
            self._prove(name, tag, body, changes=precondition is not None)
        return tag

    def _prove(self, name: str, tag: str, body: bytes | bytearray, *, changes: bool) -> None:
        """Make sure that an object is stored whose tag does not say so; UnreachableError where it is not.

        One that ``changes`` later is always read back. Of others the first is; then a look at the size has to do.
        """
        try:
            if tag and not changes and is_opaque(self.where):
                stored = self.head(name).size == len(body)
            else:
                stored = bool(tag) and self.get(name, most=len(body)).body == body
        except (ObjectMissingError, IntegrityError):
            stored = False
        if not stored:
            raise UnreachableError(
                f"{self.where}: the write of {name!r} was answered like a success, but it is not stored.",
                hint="Something between here and the store answers in its place, such as a login page: check the network.",
            )
        note_opaque(self.where)

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        told = advance or (lambda _: None)
        upload_in_parts(self._client, self.bucket, name, source, told, self.settings.threads, self._request)
        try:
            stored = self.head(name).size == source.size
        except ObjectMissingError:
            stored = False
        if not stored:
            raise UnreachableError(
                f"{self.where}: the upload of {name!r} was answered like a success, but it is not stored.",
                hint="Something between here and the store answers in its place: check the network.",
            )

    @override
    def delete(self, name: str) -> None:
        with self._request(name):
            self._client.delete_object(Bucket=self.bucket, Key=name)

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        remaining = iter(names)
        while batch := list(itertools.islice(remaining, _PER_DELETE)):
            for name in self._left_by_batch_delete(batch):
                self.delete(name)

    def _left_by_batch_delete(self, batch: list[str]) -> list[str]:
        """Delete in one request; return what the server did not delete, all of it when it knows no such request."""
        try:
            with self._request():
                answer = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": [{"Key": name} for name in batch], "Quiet": True}
                )
        except UnsupportedRequestError:
            return batch
        return [problem["Key"] for problem in answer.get("Errors", []) if problem.get("Code") not in ("NoSuchKey", "404")]

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        page: dict[str, Any] = {}
        while True:
            with self._request():
                answer = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **page)
            for item in answer.get("Contents", []):
                if item["Key"].startswith(prefix):
                    yield ListedObject(item["Key"], item["Size"], item.get("LastModified"))
            if not answer.get("IsTruncated"):
                return
            token = answer.get("NextContinuationToken")
            if not token or token == page.get("ContinuationToken"):
                raise StoreError(f"{self.where}: the server's listing does not go on where it stopped.")
            page = {"ContinuationToken": token}

    @override
    def unfinished(self, prefix: str) -> Iterator[UnfinishedUpload]:
        page: dict[str, Any] = {}
        while True:
            with self._request():
                answer = self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=prefix, **page)
            for found in answer.get("Uploads", []):
                if found["Key"].startswith(prefix):
                    yield UnfinishedUpload(found["Key"], found["UploadId"], found.get("Initiated"))
            following = {"KeyMarker": answer.get("NextKeyMarker"), "UploadIdMarker": answer.get("NextUploadIdMarker")}
            if not answer.get("IsTruncated") or not following["KeyMarker"] or following == page:
                return
            page = following

    @override
    def end_upload(self, upload: UnfinishedUpload) -> None:
        with suppress(ObjectMissingError), self._request(upload.name):
            self._client.abort_multipart_upload(Bucket=self.bucket, Key=upload.name, UploadId=upload.id)

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        if not self._shares_service_with(target):
            return False
        assert isinstance(target, S3Store)
        source: CopySourceTypeDef = {"Bucket": self.bucket, "Key": name}
        try:
            with self._request(name):
                try:
                    self._client.copy_object(Bucket=target.bucket, Key=target_name, CopySource=source)
                except self._client.exceptions.ClientError as error:
                    size = self.head(name).size if error_status(error.response) == 400 else 0
                    if size <= _LARGEST_COPY:
                        raise
                    copy_in_parts(self._client, source, size, target.bucket, target_name)
        except UnsupportedRequestError:
            return False
        return True

    def _shares_service_with(self, target: ObjectStore) -> bool:
        return (
            isinstance(target, S3Store)
            and target.settings.endpoint_url == self.settings.endpoint_url
            and target.identity == self.identity
        )

    @override
    def close(self) -> None:
        """Do nothing: the connections belong to the process and serve its next store."""
