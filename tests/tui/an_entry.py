"""An entry of a group, for tests that never open it."""

from __future__ import annotations

from catalog import Entry, S3Connection

ENTRY = Entry(
    key="1" * 32,
    name="rain",
    description="",
    tags=(),
    owner="",
    connection=S3Connection(db_key="rain", endpoint_url="file:///remote"),
    type="database",
    timestamp=0,
    user_meta=None,
    remote_meta=None,
    keys=0,
    value_bytes=0,
    commit_number=0,
)
