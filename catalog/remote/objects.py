"""Which objects belong to a database, told by their names; never one of a sibling whose name begins the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress

from catalog.errors import AccessDeniedError, GoneError, InvalidInputError, ObjectMissingError, StoreError
from catalog.remote.place import Place
from catalog.store.interface import ListedObject, UnfinishedUpload, UnsupportedRequestError

_ASKED = 5


def list_objects(place: Place) -> Iterator[ListedObject]:
    """The immutable objects that lie below a database's prefix, in no order. Rubbish is found by it; nothing else is believed."""
    return (found for found in place.store.list(place.names.folder) if place.names.is_ours(found.name))


def check_place(place: Place) -> None:
    """Raise InvalidInputError where a new database would be a folder of something else, or lie in what is no folder.

    A bucket holds both; no file system does, and no tool copies both. What these keys may not see is no reason.
    """
    key = place.names.db_key
    parts = key.split("/")
    for parent in ("/".join(parts[:end]) for end in range(1, len(parts))):
        with suppress(ObjectMissingError, AccessDeniedError):
            place.store.head(parent)
            raise InvalidInputError(
                f"{place}: no database can be made in {parent!r}, which is an object itself.", hint="Choose another db_key."
            )
    with suppress(AccessDeniedError):
        below = next(iter(place.store.list(f"{key}/")), None) if place.store.powers.lists else None
        if below is not None:
            raise InvalidInputError(
                f"{place}: no database can be made here: there is {below.name!r}, so that it is a folder.",
                hint="Choose another db_key.",
            )


def unfinished_uploads(place: Place) -> tuple[UnfinishedUpload, ...]:
    """The uploads of a database's objects that were begun and not ended; none where these keys, or this service, tell nothing."""
    try:
        return tuple(upload for upload in place.store.unfinished(place.names.folder) if place.names.is_ours(upload.name))
    except (AccessDeniedError, UnsupportedRequestError):
        return ()


def hidden_objects(place: Place, listed: Collection[str], needed: Collection[str]) -> list[str]:
    """What commits name and a listing does not show, though it is there; GoneError where one of the first few is not."""
    missing = sorted(set(needed).difference(listed))
    for name in missing[:_ASKED]:
        try:
            place.store.head(name)
        except ObjectMissingError:
            raise GoneError(
                f"{place}: {name!r} is gone, which a commit needs.",
                hint="Restore it from a copy of the bucket. 'catalog doctor' says what else is missing.",
            ) from None
    return missing


def check_listing(place: Place, listed: Collection[str], needed: Collection[str]) -> None:
    """Raise where a listing does not show what commits name.

    StoreError when the objects are there all the same: a store that lists so must not be cleaned up. GoneError when they are not.
    """
    if hidden := hidden_objects(place, listed, needed):
        raise StoreError(
            f"{place}: the store does not list {hidden[0]!r}, which is there ({len(hidden):,} of {len(set(needed)):,} objects "
            "are not shown). Nothing was deleted.",
            hint="What a listing hides cannot be told from rubbish. Ask whoever runs the store why it lists so.",
        )
