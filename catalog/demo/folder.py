"""The demo's folder: recognised by a marker, made anew when half-made, and never anyone else's folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from catalog.errors import InvalidInputError, LocalFileError, LockTimeoutError
from catalog.locations import data_folder
from catalog.processes.file_lock import turn

MARKER = "catalog-demo.json"
_LOCK = "catalog-demo.lock"
_MADE_HERE = ("catalog", "remotes", "colleague", "server")
_VERSION = 2
"""Another number where a demo of an earlier program cannot be used any more."""
_WAIT = 60.0


class Progressed(StrEnum):
    """How far the making of a demo came."""

    BUILDING = "building"
    READY = "ready"


def default_folder(name: str = "demo") -> Path:
    """Where the demo is made when no folder is named."""
    return data_folder() / name


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """A folder for the demo; nothing outside of the names that the demo makes in it is ever touched."""

    path: Path
    endpoint: str
    """Where the remotes are: ``file`` for a folder inside, otherwise the server's address."""

    @property
    def catalog(self) -> Path:
        """The folder of the catalog."""
        return self.path / "catalog"

    @property
    def remotes(self) -> Path:
        """The folder of the remotes, when they are ``file://`` stores."""
        return self.path / "remotes"

    @property
    def colleague(self) -> Path:
        """The folder of the colleague's working copies."""
        return self.path / "colleague"

    def is_outdated(self) -> bool:
        """Whether the demo in it was made by another version of this program, which keeps things elsewhere: it is made anew."""
        marker = self._read_marker()
        return marker is not None and marker.get("version") != _VERSION

    def claim(self, *, fresh: bool) -> bool:
        """Make the folder ready to build in, or find that the demo in it can be used; whether it can.

        Raises:
            InvalidInputError: when the folder is someone else's, or its demo was made elsewhere or for another server.
            LocalFileError: when it cannot be written.
        """
        with _system_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_someone_elses()
            marker = self._read_marker()
            if marker and marker.get("state") == Progressed.READY and not fresh and not self.is_outdated():
                self._check_usable(marker)
                return True
            self._remove_what_was_made()
            self._mark(Progressed.BUILDING)
        return False

    def finish(self) -> None:
        """Mark the demo as complete."""
        with _system_errors(self.path):
            self._mark(Progressed.READY)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from building in this folder meanwhile.

        Raises:
            InvalidInputError: when the folder is someone else's.
            LockTimeoutError: when another one is still at it after a minute.
            LocalFileError: when the folder cannot be written.
        """
        with _system_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_someone_elses()
            held = ExitStack()
            held.enter_context(turn(self.path / _LOCK, _WAIT, f"The demo in {self.path}", lambda: "another `catalog demo`"))
        with held:
            yield

    def _refuse_someone_elses(self) -> None:
        if not (self.path / MARKER).is_file() and any(entry.name != _LOCK for entry in self.path.iterdir()):
            raise InvalidInputError(
                f"{self.path} has files that the demo did not make; nothing in it was changed.",
                hint="Name another folder with --dir, one that is empty or does not exist yet.",
            )

    def _read_marker(self) -> dict[str, object] | None:
        path = self.path / MARKER
        if not path.is_file():
            return None
        try:
            marker = json.loads(path.read_text("utf-8"))
        except ValueError:
            return {}
        return marker if isinstance(marker, dict) else {}

    def _check_usable(self, marker: dict[str, object]) -> None:
        expected = {"folder": str(self.path), "endpoint": self.endpoint}
        for name, value in expected.items():
            if marker.get(name) != value:
                raise InvalidInputError(
                    f"The demo in {self.path} was made for {name} {marker.get(name)!s}, not {value!s}.",
                    hint="--fresh makes it anew, --dir makes another one.",
                )

    def _mark(self, state: Progressed) -> None:
        marker = {"version": _VERSION, "folder": str(self.path), "endpoint": self.endpoint, "state": str(state)}
        draft = self.path / (MARKER + ".new")
        draft.write_text(json.dumps(marker, indent=2) + "\n", "utf-8")
        draft.replace(self.path / MARKER)

    def _remove_what_was_made(self) -> None:
        for name in _MADE_HERE:
            made = self.path / name
            if made.is_symlink():
                made.unlink()
            elif made.exists():
                shutil.rmtree(made)


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Say in our words that ``path`` cannot be used."""
    try:
        yield
    except (InvalidInputError, LockTimeoutError):
        raise
    except OSError as error:
        raise LocalFileError(
            f"{error.filename or path} cannot be used for the demo: {error.strerror or error}.",
            path=str(path),
            hint="Name another folder with --dir.",
        ) from error
