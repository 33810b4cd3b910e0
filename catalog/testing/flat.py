"""A store without folders, for servers that cannot hold an object beside a folder of its name, such as ``rclone serve s3``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from typing_extensions import override

from catalog.store.interface import ListedObject, ObjectStore
from catalog.store.wrapped import WrappedStore


class FlatStore(WrappedStore):
    """Any store, with ``!`` for every ``/`` in its names; names may hold no ``!``."""

    @override
    def inner(self, name: str) -> str:
        return name.replace("/", "!")

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        return (replace(found, name=found.name.replace("!", "/")) for found in super().list(prefix))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        return isinstance(target, FlatStore) and super().copy(name, target, target_name)
