"""Which objects belong to a database, told by their names; never one of a sibling whose name begins the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.remote.place import Place
from catalog.store.interface import ListedObject

_BELOW = re.compile(r"(packs/[0-9a-f]{32}|index/[0-9a-f]{32}|commits/[0-9]{10}-[0-9a-f]{32})")


def list_objects(place: Place) -> Iterator[ListedObject]:
    """The packs, segments and commits that lie below a database's key, in no order."""
    for prefix in (place.names.packs, place.names.segments, place.names.commits):
        for found in place.store.list(prefix):
            if _BELOW.fullmatch(found.name[len(place.names.folder) :]):
                yield found
