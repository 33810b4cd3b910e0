"""Which objects belong to a database, told by their names; never one of a sibling whose name begins the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from catalog.errors import GoneError, ObjectMissingError, StoreError
from catalog.remote.place import Place
from catalog.store.interface import ListedObject

_ASKED = 5


def list_objects(place: Place) -> Iterator[ListedObject]:
    """The immutable objects that lie below a database's prefix, in no order. Rubbish is found by it; nothing else is believed."""
    return (found for found in place.store.list(place.names.folder) if place.names.is_ours(found.name))


def check_listing(place: Place, listed: Collection[str], needed: Collection[str]) -> None:
    """Raise where a listing does not show what commits name.

    StoreError when the objects are there all the same: a store that lists so must not be cleaned up. GoneError when they are not.
    """
    missing = sorted(set(needed).difference(listed))
    for name in missing[:_ASKED]:
        try:
            place.store.head(name)
        except ObjectMissingError:
            raise GoneError(
                f"{place}: {name!r} is gone, which a commit needs.",
                hint="Restore it from a copy of the bucket. 'catalog doctor' says what else is missing.",
            ) from None
        raise StoreError(
            f"{place}: the store does not list {name!r}, which is there ({len(missing):,} of {len(set(needed)):,} objects are "
            "not shown). Nothing was deleted.",
            hint="What a listing hides cannot be told from rubbish. Ask whoever runs the store why it lists so.",
        )
