"""What this machine's user has approved: to sign requests to a place that somebody else's group suggested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from catalog.connection import S3Connection
from catalog.errors import NotApprovedError
from catalog.json_file import JsonFile
from catalog.locations import data_folder

from .profile import Profile


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What is approved as a whole: these keys, in this bucket, at this endpoint."""

    profile: Profile
    bucket: str

    @classmethod
    def of(cls, connection: S3Connection) -> Place:
        """Return the place that a connection writes to or reads from."""
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
        """Remember that requests of this connection may be signed; ``origin`` names the group that suggested it."""
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


def require_approval(connection: S3Connection, *, origin: str | None, trust: bool = False) -> None:
    """Raise unless requests of this connection may be signed; call it before the first one.

    Args:
        connection: Whose requests.
        origin: The group that the connection came from; None when the user gave it here, which is approval enough.
        trust: True when the caller vouches for this one use; nothing is remembered.

    Raises:
        NotApprovedError: with ``endpoint``, ``bucket``, ``profile`` and ``origin``, for the question to the user.
        LocalFileError: when the approvals cannot be read.
    """
    signs = not (connection.is_folder or connection.is_address_only or (connection.anonymous and connection.keys is None))
    if not signs or origin is None or trust or Approvals().is_approved(connection):
        return
    place = Place.of(connection)
    raise NotApprovedError(
        f"The group {origin!a} suggests bucket {place.bucket!r} with {place.profile}, which was never approved on this "
        "machine; nothing was sent.",
        endpoint=place.profile.endpoint,
        bucket=place.bucket,
        profile=place.profile.name,
        origin=origin,
    )
