"""Pickles of strangers: plain data is read, anything that could run code or take unbounded memory or time is refused.

This is Python's own unpickler in Python, with a stricter rule for each opcode that makes something. The one in C cannot be
used: a few bytes make it fill the memory with its memo, and nothing can stand between its opcodes and the objects they change.
"""

from __future__ import annotations

import collections
import io
import pickle
import sys
import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NoReturn

from catalog.codecs.pickled_arrays import Unfinished
from catalog.codecs.pickled_values import Maker, RefusedError, empty, restore_uuid, value_named
from catalog.codecs.unfolded import grows_with_repeats, unfolded_beyond
from catalog.errors import IntegrityError, UntrustedValueError

_SLACK = 1 << 16
_WORK_PER_BYTE = 4
_DEEPEST_KEY = 100
MOST_STEPS = 4_000_000
"""Opcodes that even a short input may have once it is decompressed."""
_UNFOLDED = 500_000
"""Items that even a short input may have once what it shares is written out."""
_MODULUS = sys.hash_info.modulus
_MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)


def restricted_loads(raw: bytes, stored: int | None = None) -> Any:
    """Unpickle plain containers and scalars, times, decimals, UUIDs, and numpy arrays and scalars.

    Raises UntrustedValueError when the pickle asks for anything else, IntegrityError when it is no pickle. Memory and time
    are proportional to the length of ``raw``; where that was decompressed from ``stored`` bytes, the number of objects is
    to these. So is what the value takes when all that it shares is written out, as a screen or a file does.
    """
    try:
        return _Unpickler(raw, len(raw) if stored is None else stored).load()
    except RefusedError as refused:
        raise UntrustedValueError(
            f"This pickled value asks for {refused.what[:100]!a}, which could run code or fill the memory; it was not read.",
            hint="If you trust who made this database, open it with value_serializer='pickle' or trust=True.",
        ) from None
    except RecursionError:
        raise UntrustedValueError("This pickled value is nested too deeply; it was not read.") from None
    except MemoryError:
        raise UntrustedValueError("This pickled value asks for more memory than there is; it was not read.") from None
    except Exception as error:  # noqa: BLE001 - a hostile pickle can raise anything
        raise IntegrityError(f"This value is no readable pickle ({type(error).__name__}).") from None


# mypy does not know the stack, the memo and the opcode methods of the unpickler
_Base: Any = pickle._Unpickler  # noqa: SLF001


class _Unpickler(_Base):  # type: ignore[misc]
    """An unpickler that makes only what `value_named` lists, and that does no more work than its input is long."""

    dispatch: ClassVar[Any] = dict(_Base.dispatch)

    def __init__(self, raw: bytes, stored: int) -> None:
        super().__init__(io.BytesIO(raw))
        self._most = len(raw)
        most_steps = MOST_STEPS + stored
        self._work_left = _SLACK + len(raw) + (_WORK_PER_BYTE - 1) * min(len(raw), most_steps)
        self._most_unfolded = _UNFOLDED + _WORK_PER_BYTE * min(len(raw), most_steps)
        self._unfinished = 0
        self._shares = False
        self._hashes: dict[int, set[int]] = {}
        self._collisions = 0
        if len(raw) > most_steps:
            self.dispatch = _Counted(_Unpickler.dispatch, most_steps)  # type: ignore[misc]

    def load(self) -> Any:
        """Read the pickle."""
        value = super().load()
        if self._unfinished:
            raise pickle.UnpicklingError
        if self._shares and unfolded_beyond(value, self._most_unfolded):
            raise RefusedError("much more than its length explains, once what it shares is written out")
        return value

    def charge(self, work: int) -> None:
        """Count work that the length of the input does not bound by itself: copies, and hashes of nested keys."""
        self._work_left -= work
        if self._work_left < 0:
            raise RefusedError("much more work than its length explains")

    def check_keys(self, keys: Iterable[Any], target: object = None) -> None:
        """Count the work of hashing and comparing ``keys`` of ``target``; refuse what would exhaust the stack."""
        own: set[int] = set()
        for key in keys:
            self._check_key(key)
            if _has_own_hash(key):
                continue
            # Keys of one hash are compared with one another: the cost grows with the square of their number.
            hashes = own if target is None else self._hashes.setdefault(id(target), set())
            if (number := hash(key)) in hashes:
                self._collisions += 1
                self.charge(self._collisions)
            hashes.add(number)

    def _check_key(self, key: Any) -> None:
        waiting = [(key, 0)]
        while waiting:
            item, depth = waiting.pop()
            if isinstance(item, tuple | frozenset):
                self.charge(1 + len(item))
                if depth > _DEEPEST_KEY:
                    raise RefusedError("a deeply nested key")
                waiting.extend((inner, depth + 1) for inner in item)
            elif isinstance(item, int):
                self.charge(item.bit_length() >> 8)

    def find_class(self, module: str, name: str) -> Any:
        """Give what plain data needs; refuse the rest."""
        return value_named(module, name)

    def load_reduce(self) -> None:
        """Call one of our own makers."""
        arguments = self.stack.pop()
        make = self.stack[-1]
        if isinstance(make, type):
            make = Maker.of_type(make)
        if not isinstance(make, Maker) or not isinstance(arguments, tuple):
            raise RefusedError("a call")
        made = make.make(self, *arguments)
        self._unfinished += isinstance(made, Unfinished)
        self.stack[-1] = made

    def load_newobj(self) -> None:
        """Make an empty object of the two kinds that are made so."""
        arguments, kind = self.stack.pop(), self.stack.pop()
        if arguments != ():
            raise RefusedError("an object")
        self.append(empty(kind))

    def load_build(self) -> None:
        """Give an object its content, where that is safe."""
        state = self.stack.pop()
        made = self.stack[-1]
        if isinstance(made, Unfinished):
            self._unfinished -= made.finished is None
            self.stack[-1] = made.finish(self, state)
        elif type(made) is uuid.UUID:
            restore_uuid(made, state)
        else:
            raise RefusedError("a change of an object")

    def load_setitem(self) -> None:
        """Set one key of a mapping."""
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key], [value])

    def load_setitems(self) -> None:
        """Set keys of a mapping."""
        items = self.pop_mark()
        self._set_items(items[::2], items[1::2])

    def _set_items(self, keys: list[Any], values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in _MAPPINGS:
            raise RefusedError("setting items of what is no mapping")
        self.check_keys(keys, target)
        for key, value in zip(keys, values, strict=True):
            target[key] = value

    def load_dict(self) -> None:
        """Make a dict of items."""
        items = self.pop_mark()
        self.check_keys(items[::2])
        self.append(dict(zip(items[::2], items[1::2], strict=True)))

    def load_append(self) -> None:
        """Append to a list."""
        value = self.stack.pop()
        self._extend([value])

    def load_appends(self) -> None:
        """Append many to a list."""
        self._extend(self.pop_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (list, collections.deque):
            raise RefusedError("appending to what is no list")
        target.extend(items)

    def load_additems(self) -> None:
        """Add to a set."""
        items = self.pop_mark()
        target = self.stack[-1]
        if type(target) is not set:
            raise RefusedError("adding to what is no set")
        self.check_keys(items, target)
        target.update(items)

    def load_frozenset(self) -> None:
        """Make a frozenset."""
        items = self.pop_mark()
        self.check_keys(items)
        self.append(frozenset(items))

    def load_bytearray8(self) -> None:
        """Make a bytearray, no longer than the input."""
        length = int.from_bytes(self.read(8), "little")
        if length > self._most:
            raise pickle.UnpicklingError
        self.append(bytearray(self.read(length)))

    def load_get(self) -> None:
        """Repeat an object."""
        self._repeat(int(self.readline()))

    def load_binget(self) -> None:
        """Repeat an object."""
        self._repeat(self.read(1)[0])

    def load_long_binget(self) -> None:
        """Repeat an object."""
        self._repeat(int.from_bytes(self.read(4), "little"))

    def _repeat(self, number: int) -> None:
        found = self.memo[number]
        self._append_again(found.finished if isinstance(found, Unfinished) and found.finished is not None else found)

    def load_dup(self) -> None:
        """Repeat the last object."""
        self._append_again(self.stack[-1])

    def _append_again(self, item: Any) -> None:
        self._shares = self._shares or grows_with_repeats(item) or isinstance(item, Unfinished)
        self.append(item)

    def load_refused(self) -> NoReturn:
        """Refuse opcodes that plain data never has."""
        raise RefusedError("a persistent object, an extension or an instance")


class _Counted:
    """The methods of the opcodes, given a limited number of times."""

    def __init__(self, methods: dict[int, Any], most: int) -> None:
        self._methods, self._left = methods, most

    def __getitem__(self, opcode: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise RefusedError("many more objects than its length explains")
        return self._methods[opcode]


def _has_own_hash(key: Any) -> bool:
    """Whether nobody can make up many other keys with the hash of this one."""
    return key is None or isinstance(key, str | bytes | float) or (isinstance(key, int) and abs(key) < _MODULUS)


def _register() -> None:
    methods: dict[bytes, Callable[[Any], None]] = {
        pickle.REDUCE: _Unpickler.load_reduce,
        pickle.NEWOBJ: _Unpickler.load_newobj,
        pickle.BUILD: _Unpickler.load_build,
        pickle.SETITEM: _Unpickler.load_setitem,
        pickle.SETITEMS: _Unpickler.load_setitems,
        pickle.DICT: _Unpickler.load_dict,
        pickle.APPEND: _Unpickler.load_append,
        pickle.APPENDS: _Unpickler.load_appends,
        pickle.ADDITEMS: _Unpickler.load_additems,
        pickle.FROZENSET: _Unpickler.load_frozenset,
        pickle.BYTEARRAY8: _Unpickler.load_bytearray8,
        pickle.GET: _Unpickler.load_get,
        pickle.BINGET: _Unpickler.load_binget,
        pickle.LONG_BINGET: _Unpickler.load_long_binget,
        pickle.DUP: _Unpickler.load_dup,
    }
    refused = (
        *(pickle.PERSID, pickle.BINPERSID, pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.INST, pickle.OBJ),
        *(pickle.NEWOBJ_EX, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
    )
    for opcode in refused:
        methods[opcode] = _Unpickler.load_refused
    for opcode, method in methods.items():
        _Unpickler.dispatch[opcode[0]] = method


_register()
