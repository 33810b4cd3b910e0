"""A store that cannot be written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import NoReturn

from typing_extensions import override

from catalog.store.interface import ObjectStore, Powers, Precondition, Source


class ReadOnlyStore(ObjectStore):
    """Refuses every write, and declines to copy; a subclass says why."""

    powers = Powers(writes=False, lists=False, compare_and_swap=False)

    @abstractmethod
    def refuse(self) -> NoReturn:
        """Raise the error of a store that does not do this."""

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        self.refuse()

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        self.refuse()

    @override
    def delete(self, name: str) -> None:
        self.refuse()

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        return False
