"""What this machine's user has approved: to go to a place that somebody else's group suggested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict

from catalog.connection import S3Connection
from catalog.credentials.profile import DEFAULT_PROFILE, Profile
from catalog.errors import NotApprovedError
from catalog.json_file import JsonFile
from catalog.locations import data_folder


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What is approved as a whole: these keys, in this bucket, at this endpoint; or a folder, which has no keys."""

    profile: Profile
    bucket: str

    @classmethod
    def of(cls, connection: S3Connection) -> Place:
        """Return the place that a connection writes to or reads from."""
        if connection.is_folder:
            return cls(Profile(_folder(connection).as_uri(), DEFAULT_PROFILE), "")
        return cls(Profile.of(connection), connection.bucket or "")


@dataclass(frozen=True, slots=True, order=True)
class Approval:
    """A place, when it was approved, and which group had suggested it."""

    place: Place
    approved: datetime
    origin: str


class _Approved(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    v: Literal[1] = 1
    approvals: tuple[Approval, ...] = ()

    def without(self, place: Place) -> tuple[Approval, ...]:
        return tuple(approval for approval in self.approvals if approval.place != place)


class Approvals:
    """The approvals kept on this machine; every process of the user shares them.

    Raises:
        LocalFileError: from any method, when the file is damaged: nothing counts as approved then.
        LockTimeoutError: from `approve` and `revoke`, when another process is writing for too long.
    """

    def __init__(self) -> None:
        self._file = JsonFile(data_folder() / "approvals.json", _Approved, _Approved())

    def approve(self, connection: S3Connection, origin: str) -> Approval:
        """Remember that this connection may be used; ``origin`` names the group that suggested it."""
        approval = Approval(Place.of(connection), datetime.now(UTC).replace(microsecond=0), origin)
        self._file.change(lambda held: _Approved(approvals=(*held.without(approval.place), approval)))
        return approval

    def is_approved(self, connection: S3Connection) -> bool:
        """Whether this endpoint, bucket and profile were approved together."""
        place = Place.of(connection)
        return any(approval.place == place for approval in self._file.read().approvals)

    def list(self) -> tuple[Approval, ...]:
        """Return all approvals, in order."""
        return tuple(sorted(self._file.read().approvals))

    def revoke(self, place: Place) -> bool:
        """Take an approval back; False when there was none."""
        found = False

        def changed(held: _Approved) -> _Approved:
            nonlocal found
            found = len(held.without(place)) < len(held.approvals)
            return _Approved(approvals=held.without(place))

        self._file.change(changed)
        return found


def approve(connection: S3Connection, origin: str) -> Approval:
    """Approve a connection of the group ``origin`` on this machine, once and for all."""
    return Approvals().approve(connection, origin)


def require_approval(
    connection: S3Connection, *, origin: str | None, group: S3Connection | None = None, trust: bool = False
) -> None:
    """Raise unless this connection may be used: its requests signed, or its folder written to. Call it before the first use.

    Args:
        connection: What is to be used.
        origin: The group that the connection came from; None when the user gave it here, which is approval enough.
        group: Where that group lives. A group in a folder may suggest what is in the same folder.
        trust: True when the caller vouches for this one use; nothing is remembered.

    Raises:
        NotApprovedError: with ``endpoint``, ``bucket``, ``profile`` and ``origin``, for the question to the user.
        LocalFileError: when the approvals cannot be read.
    """
    if origin is None or trust or not _matters(connection, group) or Approvals().is_approved(connection):
        return
    place = Place.of(connection)
    what = f"the folder {str(_folder(connection))!a}" if connection.is_folder else f"bucket {place.bucket!r} with {place.profile}"
    raise NotApprovedError(
        f"The group {origin!a} suggests {what}, which was never approved on this machine; nothing was sent.",
        endpoint=place.profile.endpoint,
        bucket=place.bucket,
        profile=place.profile.name,
        origin=origin,
    )


def _matters(connection: S3Connection, group: S3Connection | None) -> bool:
    """Whether using this connection shows the user's keys to someone, or writes where the group's author could not."""
    if connection.is_folder:
        return group is None or not group.is_folder or not _folder(connection).is_relative_to(_folder(group))
    return not connection.is_address_only and (not connection.anonymous or connection.access_keys is not None)


def _folder(connection: S3Connection) -> Path:
    """The folder that holds a connection's database, wherever links lead to, those below its address too."""
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings the whole of HTTP, and is needed only here

    address = Path(url2pathname(urlsplit(connection.endpoint_url or "").path))
    folder = (address / (connection.bucket or "")).resolve()
    reached = [folder]
    for part in (connection.db_key or "").split("/"):
        reached = [found.resolve() for inside in reached for found in _called(inside, part)]
        for real in reached:
            if not real.is_relative_to(folder):
                return real.parent
    return folder


def _called(folder: Path, part: str) -> list[Path]:
    """What stands for a part of a name in a folder; the names of files have some characters written otherwise."""
    try:
        return [inside for inside in folder.iterdir() if unquote(inside.name) == part]
    except OSError:
        return []
