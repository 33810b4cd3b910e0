"""Where one database lives, and with which keys: the description, never a way to write a secret down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from catalog.errors import InvalidConnectionError

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_FOLDER = re.compile(r"/(?![/\\])")
_REGION = re.compile(r"[A-Za-z0-9-]{1,32}")
_SIGNED = re.compile(
    r"(^|[&;])(x-(amz|goog)-|(sig|auth|policy|key-pair-id)="
    r"|[^=&;]*(signature|secret|passw|pwd|credential|authorization|token|(access|api)[_-]?key)[^=&;]*=)",
    re.IGNORECASE,
)
STORED_FIELDS = ("db_key", "bucket", "endpoint_url", "db_url")
"""What a group entry says of a connection: where the database lives."""

_OF_ANOTHER = re.compile(
    r"\.d/(packs|index|tables|tags)/[0-9a-f]{32}\Z|\.d/(commits|log)/[0-9]{10}-[0-9a-f]{32}\Z|\.lock(\.[0-9A-Za-z]+-[01])?\Z"
)
_LONGEST_DB_KEY = 900
"""S3 allows 1,024 bytes in a name; the objects of a database add up to 64 to its key."""


class AccessKeys:
    """An access key id and its secret, for use in memory only: no repr, no pickle, no comparison shows them."""

    __slots__ = ("access_key_id", "secret_access_key")

    def __init__(self, access_key_id: str, secret_access_key: str) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key

    def __repr__(self) -> str:
        return f"AccessKeys(…{self.access_key_id[-4:]})"

    def __reduce__(self) -> Any:
        raise TypeError("access keys are never pickled")


def _usable_keys(access_key_id: object, access_key: object) -> AccessKeys:
    if not isinstance(access_key_id, str) or not isinstance(access_key, str) or not access_key_id:
        raise InvalidConnectionError("access_key_id and access_key are non-empty strings.")
    return AccessKeys(access_key_id, access_key)


def _describe(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'connection'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    )


def _parse(url: str) -> SplitResult | None:
    """Split an address; None instead of an error, whose text would quote it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts


def _split(url: str) -> SplitResult:
    parts = _parse(url)
    if parts is None:
        raise ValueError("is not an address; a user name or password does not belong into one")
    host = parts.hostname or ""
    # A password with / ? or # in it makes of user:password@host a host without a dot, and an @ further on.
    if "@" in parts.netloc or ("@" in url and "." not in host and host != "localhost"):
        raise ValueError("holds a user name or password; give the keys separately")
    if _SIGNED.search(unquote(parts.query)):
        raise ValueError("is a signed address, whose signature is a secret; give the plain address")
    return parts


class S3Connection(BaseModel):
    """Where one database lives.

    For S3: ``db_key`` and ``bucket``, with ``endpoint_url`` when it is not AWS. For reading in public: ``db_url``. For a
    folder: ``endpoint_url='file:///folder'``. ``access_key_id`` and ``access_key`` stay in memory: they are in no field,
    dump, repr, comparison or pickle. Without them the keys come from the environment or the keyring (see
    `catalog.credentials`), under the name ``profile``.

    Args:
        access_key_id: The id of the key pair, or None.
        access_key: The secret of the key pair, or None.
        db_key: The name of the database in its bucket, at most 900 bytes.
        bucket: The bucket; for a folder, a sub-folder (default: the folder itself).
        endpoint_url: ``https://host``, ``http://host:port`` or ``file:///folder``; None is AWS.
        db_url: The public HTTPS address of the database.
        threads: How many requests at once.
        read_timeout: Seconds without an answer before a request is given up.
        retries: How often a request is repeated.
        profile: The name of the credentials to use.
        region: The region, where a service insists on one.
        anonymous: True to send unsigned requests.
        aws_chain: True to let botocore's own chain (``~/.aws``, SSO, a role) supply keys at an endpoint that is not AWS.

    Raises:
        InvalidConnectionError: when parameters are malformed, do not fit together, or hold a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_max_length=2048)

    db_key: str | None = None
    bucket: str | None = None
    endpoint_url: str | None = None
    db_url: str | None = None
    threads: int = Field(default=8, ge=1, le=64)
    read_timeout: float = Field(default=60, gt=0, le=3600)
    retries: int = Field(default=3, ge=0, le=20)
    profile: str | None = None
    region: str | None = None
    anonymous: bool = False
    aws_chain: bool = False

    _keys: AccessKeys | None = PrivateAttr(default=None)

    def __init__(  # noqa: PLR0913, PLR0917 - the positions are those of ebooklet's S3Connection
        self,
        access_key_id: str | None = None,
        access_key: str | None = None,
        db_key: str | None = None,
        bucket: str | None = None,
        endpoint_url: str | None = None,
        db_url: str | None = None,
        threads: int = 8,
        read_timeout: float = 60,
        retries: int = 3,
        **more: Any,
    ) -> None:
        fields: dict[str, Any] = {
            "db_key": db_key,
            "bucket": bucket,
            "endpoint_url": endpoint_url,
            "db_url": db_url,
            "threads": threads,
            "read_timeout": read_timeout,
            "retries": retries,
        }
        problems = ""
        try:
            super().__init__(**fields, **more)
        except ValidationError as error:
            problems = _describe(error)
        if problems:
            # Outside of the `except`: pydantic's error holds the values, and one in the wrong place may be a secret.
            raise InvalidConnectionError(f"This connection cannot be used: {problems}.")
        if (access_key_id is None) != (access_key is None):
            raise InvalidConnectionError(
                "access_key_id and access_key go together.", hint="Give both, or neither to use stored credentials."
            )
        if access_key_id is not None:
            self._keys = _usable_keys(access_key_id, access_key)

    @field_validator("db_key")
    @classmethod
    def _check_db_key(cls, value: str | None) -> str | None:
        if value is None:
            return None
        segments = value.split("/")
        if len(value.encode()) > _LONGEST_DB_KEY:
            raise ValueError(f"is longer than {_LONGEST_DB_KEY} bytes")
        if any(segment in ("", ".", "..") for segment in segments) or "\\" in value:
            raise ValueError("has an empty, '.' or '..' part or a backslash, which stores change or refuse")
        if any(len(segment.encode()) > 200 for segment in segments):
            raise ValueError("has a part of more than 200 bytes")
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise ValueError("has a control character")
        if _OF_ANOTHER.search(value):
            raise ValueError("is a name that an object of another database can have")
        return value

    @field_validator("bucket")
    @classmethod
    def _check_bucket(cls, value: str | None) -> str | None:
        if value is not None and (not _BUCKET.fullmatch(value) or ".." in value):
            raise ValueError("is not a bucket name: at least two letters, digits and . _ -")
        return value

    @field_validator("profile")
    @classmethod
    def _check_profile(cls, value: str | None) -> str | None:
        if value is not None and not PROFILE_NAME.fullmatch(value):
            raise ValueError("is letters, digits and . _ @ -, at most 64")
        return value

    @field_validator("region")
    @classmethod
    def _check_region(cls, value: str | None) -> str | None:
        if value is not None and not _REGION.fullmatch(value):
            raise ValueError("is letters, digits and -, at most 32")
        return value

    @field_validator("endpoint_url")
    @classmethod
    def _check_endpoint_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _split(value)
        if parts.scheme == "file":
            # Two slashes are a server to Windows, which would sign in there.
            if parts.netloc not in ("", "localhost") or not _FOLDER.match(unquote(parts.path)):
                raise ValueError("is not of the form file:///folder")
            return value
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is not of the form https://host or file:///folder")
        if parts.query or parts.fragment:
            raise ValueError("has a query or fragment")
        return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))

    @field_validator("db_url")
    @classmethod
    def _check_db_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _split(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.strip("/"):
            raise ValueError("is not of the form https://host/path")
        if parts.fragment:
            raise ValueError("has a fragment")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.is_folder:
            if self.db_key is None:
                raise ValueError("a file:// connection needs a db_key")
        elif self.db_key is not None and self.bucket is None:
            raise ValueError("an S3 connection needs a bucket beside its db_key")
        elif self.db_key is None and self.db_url is None:
            raise ValueError("needs db_key and bucket, or db_url")
        return self

    @classmethod
    def of(cls, remote_conn: S3Connection | str | Mapping[str, Any]) -> S3Connection:
        """Make a connection of what `catalog.open` accepts: a connection, an address, or a dict of parameters.

        A dict may be a group entry, whose parameters are under ``remote_conn``. Of an entry, which anyone may have written,
        only where the database lives is taken, never as whom to go there.
        """
        if isinstance(remote_conn, S3Connection):
            return remote_conn
        if isinstance(remote_conn, str):
            return cls(db_url=remote_conn)
        if isinstance(remote_conn, Mapping):
            parameters = remote_conn.get("remote_conn", remote_conn)
            if parameters is not remote_conn and isinstance(parameters, Mapping):
                stored: dict[str, Any] = {name: parameters.get(name) for name in STORED_FIELDS}
                return cls(**stored)
            if isinstance(parameters, Mapping) and all(isinstance(name, str) for name in parameters):
                return cls(**parameters)
        raise InvalidConnectionError(
            f"A {type(remote_conn).__name__} is no connection.",
            hint="Give an S3Connection, a URL or a dict of its parameters.",
        )

    @property
    def is_folder(self) -> bool:
        """Whether the database lives in a folder of this machine."""
        return self.endpoint_url is not None and self.endpoint_url.startswith("file:")

    @property
    def is_address_only(self) -> bool:
        """Whether all that is known is a public address: it can be read, not written."""
        return self.db_key is None

    @property
    def access_keys(self) -> AccessKeys | None:
        """The key pair that was passed in, if one was."""
        return self._keys

    def __repr_args__(self) -> Any:
        defaults = type(self).model_fields
        yield from (
            (name, value) for name, value in self.__dict__.items() if name in defaults and value != defaults[name].default
        )

    def to_dict(self) -> dict[str, str | None]:
        """The four parameters that a group entry stores; no secret is among them."""
        return {name: getattr(self, name) for name in STORED_FIELDS}

    def is_at(self, other: S3Connection) -> bool:
        """Whether both name one place, as whomever one goes there."""
        if self.db_key is not None and other.db_key is not None:
            return (self.endpoint_url, self.bucket, self.db_key) == (other.endpoint_url, other.bucket, other.db_key)
        return self.db_url is not None and self.db_url == other.db_url

    def __str__(self) -> str:
        if self.is_folder:
            return f"{self.endpoint_url}/{self.bucket + '/' if self.bucket else ''}{self.db_key}"
        if self.db_key is not None:
            return f"{self.endpoint_url or 'aws'}/{self.bucket}/{self.db_key}"
        return str(self.db_url)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, S3Connection) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(sorted((name, value) for name, value in self.__dict__.items())))

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        return {**state, "__pydantic_private__": {"_keys": None}}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self
