"""Keys that the user has chosen for commands: which of them can be used, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from textual.binding import Binding
from textual.keys import KEY_ALIASES, Keys, _character_to_key

from tui.kit.row_list import RowList
from tui.kit.text_view import TextView

from .command import Place
from .features import BY_ID, COMMANDS

_MODIFIERS = ("ctrl+", "alt+", "shift+", "super+", "hyper+", "meta+")
_NAMES = {key.value for key in Keys} | {"ctrl+@"} | {name for names in KEY_ALIASES.values() for name in names}
_ALWAYS = {"ctrl+q": "leaves the program", "ctrl+p": "opens the command palette", "tab": "goes to the next pane"}
_TYPED = {Place.FILTER}


class KeymapError(Exception):
    """A key that cannot be used for a command; ``name`` is what stands in the file."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


def checked_keys(given: Mapping[str, Any]) -> tuple[dict[str, str], list[KeymapError]]:
    """The keys that can be used, by command, in Textual's names; and what is wrong with the rest.

    A command whose keys clash with those of another keeps its own; of two that the user gave the same key, both do.
    """
    chosen, wrong = dict[str, str](), list[KeymapError]()
    for name, keys in given.items():
        try:
            chosen[name] = _keys_of(name, keys)
        except KeymapError as error:
            wrong.append(error)
    while clashes := list(_clashes(chosen)):
        for clash in clashes:
            chosen.pop(clash.name, None)
        wrong += clashes
    return chosen, wrong


def _keys_of(name: str, keys: object) -> str:
    if name not in BY_ID:
        near = get_close_matches(name, BY_ID, 1)
        hint = f"; did you mean {near[0]!r}" if near else "; `catalog settings` lists them"
        raise KeymapError(name, f"there is no command {name!r}{hint}")
    if not isinstance(keys, str) or not keys.strip():
        raise KeymapError(name, f'the keys of {name} are a text, such as {name} = "{BY_ID[name].keys}"')
    # A comma alone is the key; anywhere else it parts keys.
    parts = [","] if keys.strip() == "," else [part.strip() for part in keys.split(",")]
    return ",".join(_key(name, part) for part in parts)


def _key(name: str, key: str) -> str:
    plain = key
    while plain.startswith(_MODIFIERS):
        plain = plain.partition("+")[2]
    if len(plain) == 1 and plain.isprintable() and not plain.isspace():
        return key.removesuffix(plain) + _character_to_key(plain)
    if plain in _NAMES or plain in _CHARACTER_NAMES:
        return key
    if plain.lower() in _NAMES:
        raise KeymapError(name, f"{key!r} is not a key; did you mean {plain.lower()!r} (for {name})")
    near = get_close_matches(plain, [*_NAMES, *_CHARACTER_NAMES], 1)
    raise KeymapError(name, f"{key!r} is not a key{f'; did you mean {near[0]!r}' if near else ''} (for {name})")


_CHARACTER_NAMES = {_character_to_key(chr(code)) for code in range(33, 127)}


def _clashes(chosen: Mapping[str, str]) -> Iterable[KeymapError]:
    """What of the chosen keys means something else already, in a place where the command works."""
    effective = {command.id: chosen.get(command.id, command.keys).split(",") for command in COMMANDS}
    for name in chosen:
        for key in effective[name]:
            if problem := _reserved(name, key) or _other_command(name, key, effective):
                yield KeymapError(name, f"{key!r} cannot be used for {name}: {problem}")
                break


def _reserved(name: str, key: str) -> str:
    if key in _ALWAYS:
        return f"it {_ALWAYS[key]}"
    if key in BY_ID[name].keys.split(","):
        return ""
    command = BY_ID[name]
    if all(place in _TYPED for place in command.places) and command.places:
        return ""
    return "it moves the cursor in lists and texts" if key in _MOVING else ""


def _other_command(name: str, key: str, effective: Mapping[str, list[str]]) -> str:
    own = BY_ID[name]
    for command in COMMANDS:
        if command.id == name or key not in effective[command.id]:
            continue
        shared = [place for place in Place if own.works_at(place) and command.works_at(place)]
        if shared:
            return f"it is the key of {command.id}, in {shared[0].value}"
    return ""


def _keys_that_move() -> set[str]:
    bindings = [*RowList.BINDINGS, *TextView.BINDINGS]
    return {key for binding in bindings if isinstance(binding, Binding) for key in binding.key.split(",")}


_MOVING = _keys_that_move()
