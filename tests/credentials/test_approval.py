"""Approving, once for a machine, what somebody else's group suggests."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from catalog.connection import S3Connection
from catalog.credentials import Approvals, Place, approve, require_approval
from catalog.errors import InvalidConnectionError, LocalFileError, NotApprovedError


def _connection(**parameters: Any) -> S3Connection:
    return S3Connection(**{"db_key": "a", "bucket": "bucket", "endpoint_url": "https://s3.example.com"} | parameters)


def test_a_new_place_needs_approval(home: Path) -> None:
    """A connection from a group is stopped, with every fact that the question to the user needs, and nothing is written."""
    with pytest.raises(NotApprovedError) as caught:
        require_approval(_connection(profile="lab"), origin="reefs")

    error = caught.value
    assert (error.kind, error.endpoint, error.bucket, error.profile, error.origin) == (
        "not approved",
        "https://s3.example.com",
        "bucket",
        "lab",
        "reefs",
    )
    assert all(fact in str(error) for fact in ("https://s3.example.com", "bucket", "lab", "reefs", "trust_connection=True"))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert not home.exists()


def test_an_approval_is_remembered() -> None:
    """After an approval the place is open, for every database in the bucket and for every group."""
    approve(_connection(), "reefs")

    require_approval(_connection(), origin="reefs")
    require_approval(_connection(db_key="b", endpoint_url="https://S3.example.com:443/"), origin="another")
    assert Approvals().is_approved(_connection())


@pytest.mark.parametrize(
    "change",
    [{"bucket": "other"}, {"endpoint_url": "https://s3.example.org"}, {"endpoint_url": None}, {"profile": "lab"}],
    ids=lambda change: next(iter(change)),
)
def test_an_approval_is_for_the_three_together(change: dict[str, Any]) -> None:
    """Another bucket, endpoint or profile is another place."""
    approve(_connection(), "reefs")

    with pytest.raises(NotApprovedError):
        require_approval(_connection(**change), origin="reefs")


@pytest.mark.parametrize(
    ("connection", "options"),
    [
        (_connection(), {"origin": None}),
        (_connection(), {"origin": "reefs", "trust": True}),
        (_connection(anonymous=True), {"origin": "reefs"}),
        (S3Connection(db_url="https://example.com/a"), {"origin": "reefs"}),
        (S3Connection(db_key="a", endpoint_url="file:///folder"), {"origin": None}),
    ],
    ids=["the user's own", "trusted in code", "anonymous", "address", "the user's own folder"],
)
def test_what_needs_no_approval(home: Path, connection: S3Connection, options: dict[str, Any]) -> None:
    """The user's own connections, trust in code and unsigned requests need none, and leave none behind."""
    require_approval(connection, **options)

    assert not home.exists()


def test_keys_passed_in_are_sent_to_no_stranger_either() -> None:
    """Keys given together with a group's connection do not make up for the approval, nor does anonymous beside them."""
    connection = _connection(access_key_id="AKIA", access_key="hush", anonymous=True)

    with pytest.raises(NotApprovedError):
        require_approval(connection, origin="reefs")


def _folder(path: Path, bucket: str | None = None) -> S3Connection:
    return S3Connection(db_key="a", bucket=bucket, endpoint_url=path.as_uri())


def test_a_group_from_elsewhere_suggests_no_folder(tmp_path: Path) -> None:
    """A group may suggest the folder that it lies in, and no other of this machine before the user approves of that."""
    shelf, home = tmp_path / "shelf", tmp_path / "home"
    (shelf / "link").parent.mkdir()
    (shelf / "link").symlink_to(home)
    in_folder, at_server = _folder(shelf), _connection(db_key="group")

    for inside in (_folder(shelf), _folder(shelf, "bucket"), _folder(shelf / "deeper")):
        require_approval(inside, origin="reefs", group=in_folder)
    for outside, group in (
        (_folder(home), in_folder),
        (_folder(shelf / ".." / "home"), in_folder),
        (_folder(shelf / "link"), in_folder),
        (_folder(tmp_path), in_folder),
        (_folder(shelf), at_server),
        (_folder(shelf), None),
    ):
        with pytest.raises(NotApprovedError) as caught:
            require_approval(outside, origin="reefs", group=group)
        assert caught.value.endpoint.startswith("file:///")
        assert "the folder" in str(caught.value)

    approve(_folder(home), "reefs")

    require_approval(_folder(shelf / "link"), origin="reefs", group=at_server)


@pytest.mark.parametrize("key", ["link/data.blt", "data.blt", "A/data.blt", "deep/link"])
def test_a_link_below_the_folder_of_a_group_leads_nowhere_unasked(tmp_path: Path, key: str) -> None:
    """What lies behind a link that someone put beside a group is another folder, which the user is asked about."""
    shelf, home = tmp_path / "shelf", tmp_path / "home"
    for made in (shelf / "deep", shelf / "own", home):
        made.mkdir(parents=True)
    for link in (shelf / "link", shelf / "data.blt", shelf / "%41", shelf / "deep" / "link"):
        link.symlink_to(home)
    (shelf / "inner").symlink_to(shelf / "own")
    in_folder = _folder(shelf)

    with pytest.raises(NotApprovedError):
        require_approval(S3Connection(db_key=key, endpoint_url=shelf.as_uri()), origin="reefs", group=in_folder)
    require_approval(S3Connection(db_key="inner/data.blt", endpoint_url=shelf.as_uri()), origin="reefs", group=in_folder)


@pytest.mark.parametrize("url", ["file:////server/share", "file:///%2Fserver/share", "file:///%5C%5Cserver/share"])
def test_a_folder_is_never_a_server(url: str) -> None:
    """An address that Windows takes for a file server, and signs in to, is no folder."""
    with pytest.raises(InvalidConnectionError):
        S3Connection(db_key="a", endpoint_url=url)


def test_approvals_are_listed_and_revoked() -> None:
    """The list says what was approved and where it came from; what is revoked must be approved again."""
    approve(_connection(bucket="two"), "reefs")
    approve(_connection(bucket="one"), "reefs")
    approve(_connection(bucket="one"), "gauges")

    assert [(approval.place.bucket, approval.origin) for approval in Approvals().list()] == [
        ("one", "gauges"),
        ("two", "reefs"),
    ]
    place = Place.of(_connection(bucket="one"))
    assert Approvals().revoke(place) is True
    assert Approvals().revoke(place) is False
    assert not Approvals().is_approved(_connection(bucket="one"))
    assert Approvals().is_approved(_connection(bucket="two"))


def test_a_damaged_file_approves_nothing(home: Path) -> None:
    """When the approvals cannot be read, nothing counts as approved."""
    approve(_connection(), "reefs")
    (home / "data" / "approvals.json").write_text('{"v": 1, "approvals": [{}]}', encoding="utf-8")

    with pytest.raises(LocalFileError):
        require_approval(_connection(), origin="reefs")


def test_a_group_s_name_cannot_play_with_the_terminal() -> None:
    """Control characters in the name of a group are shown, not obeyed."""
    with pytest.raises(NotApprovedError) as caught:
        require_approval(_connection(), origin="\x1b[2Jreefs")

    assert "\x1b" not in str(caught.value)
