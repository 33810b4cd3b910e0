"""S3 servers for the demo: one that is started for it, or one that the user named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.credentials import Approvals, Place, Profile, approve, this_session
from catalog.demo.remotes import Remotes
from catalog.testing.seaweed import Seaweed

BUCKET = "catalog-demo"
_ORIGIN = "catalog demo --s3"


@contextmanager
def started_server(folder: Path) -> Iterator[Remotes]:
    """Start a SeaweedFS with its data in ``folder``; its keys stay in the memory of this process.

    Raises:
        LocalFileError: when SeaweedFS is not installed.
        UnreachableError: when it does not start.
    """
    with Seaweed(folder) as server:
        remotes = Remotes(server.endpoint_url, server.new_bucket(BUCKET))
        connection = remotes.connection("groups")
        profile = Profile.of(connection)
        this_session.save(profile, server.rw)
        approve(connection, _ORIGIN)
        try:
            yield remotes
        finally:
            Approvals().revoke(Place.of(connection))
            this_session.forget(profile)


def named_server(endpoint_url: str, bucket: str) -> Remotes:
    """A server that the user named, which approves of sending signed requests to it."""
    remotes = Remotes(endpoint_url, bucket)
    approve(remotes.connection("groups"), _ORIGIN)
    return remotes
