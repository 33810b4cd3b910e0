"""What each command does on the main screen, in the same parts as the commands themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Acts:
    """Finds the act of a command: the method of the same name in one of the parts."""

    def __init__(self, parts: Iterable[object]) -> None:
        self._parts = tuple(parts)

    def of(self, command: str) -> Callable[[], None]:
        """The act of a command.

        Raises:
            LookupError: when no part has it.
        """
        name = command.replace("-", "_")
        for part in self._parts:
            if act := getattr(part, name, None):
                found: Callable[[], None] = act
                return found
        raise LookupError(command)
