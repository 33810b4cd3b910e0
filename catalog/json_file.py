"""A small JSON file that several processes change, one after the other and never by halves."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from catalog.errors import CatalogError, LocalFileError
from catalog.processes.file_lock import turn

_T = TypeVar("_T", bound=BaseModel)


class JsonFile(Generic[_T]):
    """One value of a pydantic model in a file, readable only by its owner.

    Reading takes no lock: the file is replaced as a whole. A writer holds `lock`, and names itself in the lock file.
    """

    def __init__(self, path: Path, model: type[_T], empty: _T) -> None:
        self.path = path
        self._model = model
        self._empty = empty

    def read(self) -> _T:
        """Return what is stored, or the empty value when there is no file.

        Raises:
            LocalFileError: when the file cannot be read or understood.
        """
        try:
            return self._model.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return self._empty
        except OSError as error:
            raise self._failed("cannot be read", error) from error
        except ValidationError:
            pass
        raise LocalFileError(
            f"{self.path} is damaged, or was written by a newer version.",
            path=str(self.path),
            hint="Move it away to begin anew: what it lists is added again. Data and keys are elsewhere, and stay.",
        )

    def change(self, changed: Callable[[_T], _T], timeout: float = 10) -> None:
        """Replace the value by ``changed(value)``."""
        with self.lock(timeout):
            self.replace(changed(self.read()))

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        """Keep every other writer out; not re-entrant.

        Raises:
            LockTimeoutError: when another process still holds it after ``timeout`` seconds.
        """
        lock_path = self.path.with_name(self.path.name + ".lock")
        self._make_folder()
        with ExitStack() as held:
            try:
                handle = held.enter_context(turn(lock_path, timeout, str(self.path), lambda: _holder(lock_path)))
                handle.seek(0)
                handle.truncate()
                handle.write(f"process {os.getpid()} on {platform.node()}")
                handle.flush()
            except CatalogError:
                raise
            except OSError as error:
                raise self._failed("cannot be locked", error) from error
            yield

    def replace(self, value: _T) -> None:
        """Write the value; call it while holding `lock`."""
        text = value.model_dump_json(indent=1)
        try:
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self.path.parent, delete=False) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self.path)
        except OSError as error:
            raise self._failed("cannot be written", error) from error

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._failed("cannot be written", error) from error

    def _failed(self, what: str, error: OSError) -> LocalFileError:
        return LocalFileError(
            f"{self.path} {what} ({error.strerror or type(error).__name__}).",
            path=str(self.path),
            hint="Look at the folder's permissions and the space on its disk, or set CATALOG_HOME to another folder.",
        )


def _holder(lock_path: Path) -> str:
    try:
        return lock_path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
