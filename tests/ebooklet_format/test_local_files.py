"""A local file of ebooklet goes on: copies are copies, unpushed edits and deletions stay, and a part is never the whole."""

from __future__ import annotations

import base64
from pathlib import Path

import booklet
import pytest

import catalog
from catalog import LocalFileError, S3Connection
from catalog.ebooklet_format.image import ImageReader, encode_image
from catalog.ebooklet_format.local_file import decode_journal, decode_remote_state, index_path
from catalog.ebooklet_format.payload import PREFIX_BYTES, PayloadLayout, decode_manifest, encode_payload
from catalog.errors import IntegrityError
from catalog.format.version import METADATA

from .fixtures import FIXTURES, Fixture
from .places import Places

every = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)


@every
def test_a_file_that_is_one_push_behind_catches_up(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """What a colleague changed, added and deleted since is seen; nothing here is taken for an edit."""
    places.put(fixture)
    file = fixture.local("stale-clean.blt", tmp_path)
    expected = fixture.databases[0]
    with catalog.open(places.with_keys(expected.db_key), file) as db:
        assert db.changes().all() == []
        assert db.load_items() == {}
        assert {key: db.get_bytes(key) for key in db} == {key: value for key, (_, value) in expected.values.items()}
        assert dict(db.timestamps()) == {key: time for key, (time, _) in expected.values.items()}
        assert db.get_metadata(include_timestamp=True) == (expected.metadata, expected.metadata_timestamp)


@every
def test_what_was_not_pushed_stays_an_edit(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """Values, a deletion and metadata that were never pushed are outgoing changes, the only ones, also when opened again."""
    places.put(fixture)
    file = fixture.local("unpushed.blt", tmp_path)
    expected, said = fixture.databases[0], fixture.local_files["unpushed.blt"]
    written = {key: base64.b64decode(value) for key, value in said["written"].items()}
    values = {key: value for key, (_, value) in expected.values.items() if key not in said["deleted"]} | written
    kinds = {key: "modified" if key in expected.values else "added" for key in written}
    kinds |= dict.fromkeys(said["deleted"], "deleted") | {METADATA: "modified"}
    for _ in range(2):
        with catalog.open(places.with_keys(expected.db_key), file) as db:
            assert {change.key: str(change.kind) for change in db.changes().all()} == kinds
            assert {str(change.direction) for change in db.changes().all()} == {"outgoing"}
            assert {key: db.get_bytes(key) for key in db} == values
            assert db.get_metadata() == said["metadata"]


def test_a_colleagues_change_of_what_was_deleted_is_a_conflict(places: Places, tmp_path: Path) -> None:
    """A key that was deleted here and that a colleague changed since is a conflict, not a deletion."""
    fixture = Fixture("0.11.1-grouped")
    places.put(fixture, "conflict/")
    file, expected = fixture.local("unpushed.blt", tmp_path), fixture.databases[0]
    head = fixture.objects[expected.db_key]
    layout = PayloadLayout.parse(head.body[:PREFIX_BYTES], len(head.body), "it")
    reader = ImageReader([head.body[layout.index_at :]], "it")
    index = dict(reader.entries())
    later = expected.timestamp + 1
    index["birch-011"] = index["birch-011"]._replace(timestamp=later)
    image = encode_image(index.items(), 19, 53, 1, reader.header.uuid)
    manifest = decode_manifest(head.body[PREFIX_BYTES:][: layout.manifest], "it")
    places.store().put(
        f"conflict/{expected.db_key}",
        encode_payload(manifest, None, image),
        metadata={**head.metadata, "timestamp": str(later)},
    )
    with catalog.open(places.with_keys(f"conflict/{expected.db_key}"), file) as db:
        assert [change.key for change in db.changes().conflicts()] == [METADATA, "birch-011"]


@pytest.mark.parametrize("name", ["0.7.0-hash", "0.10.5-key", "0.11.1-grouped"])
def test_what_was_not_pushed_goes_to_the_copy(name: str, places: Places, tmp_path: Path) -> None:
    """A database is copied into our format; the file that ebooklet used, opened there, pushes what it still had, and goes on."""
    fixture = Fixture(name)
    places.put(fixture)
    file = fixture.local("unpushed.blt", tmp_path)
    expected, said = fixture.databases[0], fixture.local_files["unpushed.blt"]
    values = {key: value for key, (_, value) in expected.values.items() if key not in said["deleted"]}
    values |= {key: base64.b64decode(value) for key, value in said["written"].items()}
    new = S3Connection(db_key="new.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(places.with_keys(expected.db_key), file) as db:
        db.copy_remote(new)
    with catalog.open(new, file, "w") as db:
        assert {change.key for change in db.changes().all()} == {METADATA, *said["written"], *said["deleted"]}
        assert db.changes().push().keys == 3
        assert db.changes().all() == []
    with catalog.open(new, tmp_path / "other.blt") as db:
        assert {key: db.get_bytes(key) for key in db} == values
        assert db.get_metadata() == said["metadata"]
        assert all(info.verified for info in db.page(limit=100))


@pytest.mark.parametrize("name", ["0.6.3-hash", "0.10.5-key", "0.11.1-grouped"])
def test_a_part_is_not_pushed_as_the_whole(name: str, places: Places, tmp_path: Path) -> None:
    """A file in which ebooklet fetched three values is not pushed to a new place before it has the others."""
    fixture = Fixture(name)
    places.put(fixture)
    file, expected = fixture.local("stale-clean.blt", tmp_path), fixture.databases[0]
    with booklet.open(file, "w") as opened:
        for key in list(opened)[3:]:
            del opened[key]
    new = S3Connection(db_key="new.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with pytest.raises(LocalFileError, match=r"holds 3 of the \d+ values"):
        catalog.open(new, file, "c")
    assert catalog.read_remote(new) is None

    with catalog.open(places.with_keys(expected.db_key), file) as db:
        assert len(db) == len(expected.values)
    with pytest.raises(LocalFileError, match=r"holds [234] of the \d+ values"):
        catalog.open(new, file, "c")
    with catalog.open(places.with_keys(expected.db_key), file) as db:
        assert db.load_items() == {}
    with catalog.open(new, file, "c") as db:
        db.changes().push()
    with catalog.open(new, tmp_path / "other.blt") as db:
        assert {key: db.get_bytes(key) for key in db} == {key: value for key, (_, value) in expected.values.items()}


def test_a_whole_file_is_pushed_to_a_new_place(tmp_path: Path) -> None:
    """A file that has every value of its index is pushed as it is, though nobody knows its old remote any more."""
    fixture = Fixture("0.11.1-key")
    file = fixture.local("stale-clean.blt", tmp_path)
    new = S3Connection(db_key="new.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(new, file, "c") as db:
        assert db.changes().push().keys == 33


def test_what_was_deleted_in_the_remote_is_kept_aside(places: Places, tmp_path: Path) -> None:
    """A local copy of what a colleague deleted leaves the file; a copy of the file as it was is kept beside it."""
    fixture = Fixture("0.9.5-key")
    places.put(fixture)
    file = fixture.local("unpushed.blt", tmp_path)
    before = file.read_bytes()
    with catalog.open(places.with_keys(fixture.databases[0].db_key), file) as db:
        assert "late-3" not in db

    assert file.with_name("unpushed.blt.before-catalog").read_bytes() == before


def test_a_killed_adoption_is_finished(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted here stays deleted, though the program ended before it was noted."""
    fixture = Fixture("0.11.1-grouped")
    places.put(fixture)
    place, file = places.with_keys(fixture.databases[0].db_key), fixture.local("unpushed.blt", tmp_path)

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("catalog.database.sync.finish_adoption", killed)
        with pytest.raises(KeyboardInterrupt):
            catalog.open(place, file)

    with catalog.open(place, file) as db:
        assert [change.key for change in db.changes().all() if str(change.kind) == "deleted"] == ["birch-011"]


def test_a_damaged_index_beside_the_file_is_told(places: Places, tmp_path: Path) -> None:
    """Nothing is compared with an index that cannot be read: which file it is, and what to do, is said."""
    fixture = Fixture("0.11.1-key")
    places.put(fixture)
    place, file = places.with_keys(fixture.databases[0].db_key), fixture.local("stale-clean.blt", tmp_path)
    kept = index_path(file)
    kept.write_bytes(kept.read_bytes()[:-30])
    with pytest.raises(LocalFileError, match=r"remote_index.*Move it away"):
        catalog.open(place, file)


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"deletes": [1]}', b"\xff", b"[" * 100_000])
def test_a_damaged_journal_is_told(raw: bytes) -> None:
    """A journal or a state that cannot be read is an IntegrityError."""
    with pytest.raises(IntegrityError):
        decode_journal(raw, "it")
    with pytest.raises(IntegrityError):
        decode_remote_state(raw if raw != b'{"deletes": [1]}' else b'{"meta_section": "?"}', "it")
