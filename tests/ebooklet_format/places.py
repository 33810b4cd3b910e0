"""Where the remotes that real ebooklets wrote lie on a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from catalog import S3Connection
from catalog.store.s3.store import S3Store
from catalog.testing.seaweed import Seaweed

from .fixtures import Fixture

BUCKET = "pub"


class Places:
    """A bucket that anyone may read, into which fixtures are put when they are first asked for."""

    def __init__(self, seaweed: Seaweed) -> None:
        self._seaweed = seaweed
        self._there: set[str] = set()

    def store(self) -> S3Store:
        """The bucket, to look at and to write to."""
        return self._seaweed.store(BUCKET)

    def put(self, fixture: Fixture, below: str = "", *, with_metadata: bool = True) -> None:
        """Put the objects of a fixture into the bucket, unless they are there; ``below`` is put before their names."""
        if below + fixture.name in self._there:
            return
        self._there.add(below + fixture.name)
        store = self.store()

        def put(name: str) -> None:
            stored = fixture.objects[name]
            store.put(below + name, stored.body, metadata=stored.metadata if with_metadata else None)

        heads = {expected.db_key for expected in fixture.databases}
        with ThreadPoolExecutor(8) as pool:
            # As ebooklet does, the head last: this server loses it in a race with the first object below its name.
            list(pool.map(put, fixture.objects.keys() - heads))
        for name in heads:
            put(name)

    def with_keys(self, db_key: str) -> S3Connection:
        """A place for someone with keys."""
        return self._seaweed.connection(db_key, BUCKET)

    def address(self, db_key: str) -> str:
        """The same place for anyone."""
        return f"{self._seaweed.endpoint_url}/{BUCKET}/{db_key}"
