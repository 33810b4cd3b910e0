"""A folder as a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.objectstore.directory import DirectoryStore
from catalog.objectstore.directory_names import to_path
from catalog.testing.store_contract import Stand, StoreContract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the store; it does not exist yet."""
    return tmp_path / "remote"


class TestDirectoryStore(StoreContract):
    """The contract of a store, kept by a folder."""

    @pytest.fixture
    def stand(self, folder: Path) -> Stand:
        """A folder, and its files as another program sees them."""

        def raw_put(name: str, body: bytes) -> None:
            path = folder / to_path(name, fold_case=False)
            if path.is_dir():
                path /= "index.html"
            for above in reversed(path.relative_to(folder).parents[:-1]):
                if (folder / above).is_file():
                    moved = (folder / above).read_bytes()
                    (folder / above).unlink()
                    (folder / above).mkdir()
                    (folder / above / "index.html").write_bytes(moved)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

        def raw_get(name: str) -> bytes | None:
            path = folder / to_path(name, fold_case=False)
            path = path / "index.html" if path.is_dir() else path
            return path.read_bytes() if path.exists() else None

        def leftovers() -> list[str]:
            unfinished = folder / ".catalog-store" / "unfinished"
            return [path.name for path in unfinished.iterdir()] if unfinished.exists() else []

        return Stand(DirectoryStore(folder), "data/rain.blt", raw_put, raw_get, leftovers)
