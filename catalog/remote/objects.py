"""Which objects belong to a database, told by their names; never one of a sibling whose name begins the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from catalog.errors import AccessDeniedError, GoneError, ObjectMissingError, StoreError
from catalog.remote.place import Place
from catalog.store.interface import ListedObject, UnfinishedUpload, UnsupportedRequestError

_ASKED = 5


def list_objects(place: Place) -> Iterator[ListedObject]:
    """The immutable objects that lie below a database's prefix, in no order. Rubbish is found by it; nothing else is believed."""
    return (found for found in place.store.list(place.names.folder) if place.names.is_ours(found.name))


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
