"""From values to stored bytes and back: booklet's serializers, with pickles of strangers read safely."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from catalog.codecs.arrow_tables import MAGIC, checked_table
from catalog.codecs.contract import Nan, contracted
from catalog.codecs.light_serializers import LIGHT
from catalog.codecs.safe_pickle import restricted_loads
from catalog.errors import (
    CatalogError,
    IntegrityError,
    InvalidInputError,
    InvalidValueError,
    UnsupportedFormatError,
    UntrustedValueError,
)

MOST_DECOMPRESSED = 1 << 30
_SQUEEZED = 256 << 20
"""Bytes that even a short value may have uncompressed; beyond, at most `_RATIO` for each stored one."""
_SQUEEZED_OBJECTS = 16 << 20
"""The same for a value of which every byte can be an object."""
_RATIO = 32
_PARTS = 10_000_000
"""Items that even a short value may have uncompressed."""
_LIBRARIES = {
    "pd_zstd": "pandas and pyarrow",
    "gpd_zstd": "geopandas and pyarrow",
    "wkb": "shapely",
    "wkb_zstd": "shapely",
    "msgpack": "msgpack",
    "msgpack_zstd": "msgpack",
}
_OF_OBJECTS = ("msgpack_zstd", "wkb_zstd")
_LIGHT_NAMES = frozenset(name for name, _ in LIGHT.values())
_FIRST_SAFE_PYARROW = 15
"""Earlier ones unpickle what an Arrow file tells them to."""


def decompress(raw: bytes, squeezed: int = _SQUEEZED) -> bytes:
    """Undo Zstandard compression, giving at most 1 GiB, and at most ``squeezed`` bytes of what is much shorter."""
    most = _most(raw, squeezed)
    try:
        size = zstandard.frame_content_size(raw)
        if size > most:
            raise _too_large(f"claims {size:,} bytes uncompressed", most)
        if size >= 0:
            return zstandard.ZstdDecompressor().decompress(raw, max_output_size=max(size, 1))
        with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
            found = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"This value cannot be decompressed ({error}).") from None
    if len(found) > most:
        raise _too_large("is larger than that uncompressed", most)
    return found


def _most(raw: bytes, squeezed: int) -> int:
    return min(MOST_DECOMPRESSED, max(squeezed, _RATIO * len(raw)))


def _too_large(what: str, most: int) -> IntegrityError:
    return IntegrityError(
        f"At most {most:,} bytes are read of this value, which {what}.",
        hint="If you trust who made this database, open it with trust=True.",
    )


@dataclass(frozen=True, slots=True)
class Codec:
    """How one database turns values into stored bytes and back; ``name`` is booklet's name of the serializer."""

    name: str
    _dumps: Callable[[Any], bytes]
    _loads: Callable[[bytes], Any]

    def encode(self, value: Any) -> bytes:
        """Turn a value into bytes; InvalidValueError when the serializer refuses it."""
        try:
            raw = self._dumps(value)
        except CatalogError:
            raise
        except NameError:
            raise _library_missing(self.name) from None
        except Exception as error:
            raise InvalidValueError(
                f"The serializer {self.name!r} refuses a {type(value).__name__}: {error}.",
                hint="Convert the value, or make the database with another value_serializer.",
            ) from error
        if not isinstance(raw, bytes | bytearray | memoryview):
            raise InvalidValueError(
                f"The serializer {self.name!r} takes bytes, not {type(value).__name__}.",
                hint="Encode the value, or make the database with another value_serializer, such as 'orjson'.",
            )
        return bytes(raw)

    def decode(self, raw: bytes) -> Any:
        """Turn bytes into a value; UntrustedValueError, or IntegrityError when they are not what the serializer writes."""
        try:
            return self._loads(raw)
        except CatalogError:
            raise
        except NameError:
            raise _library_missing(self.name) from None
        except Exception as error:  # noqa: BLE001 - what a stranger stored can raise anything
            raise IntegrityError(f"This value is nothing that {self.name!r} wrote ({type(error).__name__}).") from None


def _library_missing(name: str) -> UnsupportedFormatError:
    """Booklet's serializers import their libraries where they are installed, and else do not know them."""
    return UnsupportedFormatError(
        f"The serializer {name!r} needs a library that is not installed.", hint=f"Install {_LIBRARIES.get(name, 'it')}."
    )


def codec_of(code: int, custom: Any = None, *, trusted: bool = False, nan: Nan = "refuse", as_booklet: bool = False) -> Codec:
    """The codec for booklet's serializer number ``code``; 0 is a class of the caller's own, ``custom``.

    What it writes it gives back, or refuses; ``nan="null"`` lets JSON have null for NaN and the infinities, and with
    ``as_booklet`` values are converted as booklet does, which loses some. Pickles are read by a restricted unpickler unless
    ``trusted``.
    """
    if code == 0:
        if custom is None or isinstance(custom, str):
            raise InvalidInputError(
                "This database was made with a serializer class of its own.",
                hint="Pass that class as value_serializer, with dumps and loads.",
            )
        return Codec(getattr(custom, "__name__", "custom"), custom.dumps, custom.loads)
    name, found = LIGHT.get(code) or _of_booklet(code)
    dumps = found.dumps if as_booklet else contracted(name, found, nan=nan, trusted=trusted)
    return Codec(name, dumps, found.loads if trusted else _safe_loads(name, found.loads))


def _of_booklet(code: int) -> tuple[str, Any]:
    """The name and the class of one of booklet's serializers."""
    from booklet import serializers  # noqa: PLC0415 - it imports numpy and pandas where they are

    found = serializers.serial_int_dict.get(code)
    if found is None:
        raise InvalidInputError(
            f"This database uses serializer number {code}, which this booklet does not know. Upgrade booklet."
        )
    name = str(list(serializers.serial_name_dict)[code - 1])
    if name.startswith("wkb"):
        # Booklet takes a module from shapely that shapely brings only when it is asked for.
        with suppress(ImportError):
            import shapely.wkb  # noqa: F401, PLC0415
    return name, found


def _safe_loads(name: str, plain: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """How the bytes of a stranger are read."""
    if name == "pickle":
        return restricted_loads
    if name == "pickle_zstd":
        return lambda raw: restricted_loads(decompress(raw), len(raw))
    if name == "orjson_zstd":
        return _json
    if name in ("pd_zstd", "gpd_zstd"):
        return lambda raw: _feather(raw, plain)
    if name.endswith("zstd"):
        return lambda raw: _bounded(raw, plain, _SQUEEZED_OBJECTS if name in _OF_OBJECTS else _SQUEEZED)
    return plain


def _bounded(raw: bytes, plain: Callable[[bytes], Any], squeezed: int) -> Any:
    decompress(raw, squeezed)
    return plain(raw)


def _json(raw: bytes) -> Any:
    text = decompress(raw)
    # Two bytes can be a list of its own in memory, and hundreds of millions of them compress to nothing.
    if sum(map(text.count, (b",", b"[", b"{"))) > _PARTS + len(raw):
        raise UntrustedValueError(
            f"This value has more than {_PARTS:,} parts, which could fill the memory; it was not read.",
            hint="If you trust who made this database, open it with trust=True.",
        )
    return orjson.loads(text)


def _feather(raw: bytes, plain: Callable[[bytes], Any]) -> Any:
    found = _version_of("pyarrow")
    if found is not None and int(found.partition(".")[0]) < _FIRST_SAFE_PYARROW:
        raise UntrustedValueError(
            f"pyarrow {found} can run code that a table asks for; it was not read.", hint="Upgrade pyarrow, or pass trust=True."
        )
    # An older kind of file, which nobody writes any more, is as good as none.
    is_table = raw[: len(MAGIC)] == MAGIC and found is not None
    return plain(checked_table(raw, _most(raw, _SQUEEZED)) if is_table else b"")


def _version_of(library: str) -> str | None:
    from importlib import metadata  # noqa: PLC0415 - slow to import, and needed only here

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def check_serializer(value_serializer: Any) -> None:
    """Raise InvalidInputError unless booklet knows this serializer, or it is a class with dumps and loads."""
    if value_serializer is None or (isinstance(value_serializer, str) and value_serializer in _LIGHT_NAMES):
        return
    from booklet import available_serializers  # noqa: PLC0415 - it imports numpy and pandas where they are

    if isinstance(value_serializer, str):
        if value_serializer not in available_serializers:
            known = ", ".join(str(name) for name in available_serializers if name)
            raise InvalidInputError(f"There is no serializer {value_serializer!r}; there are {known}.")
    elif not (callable(getattr(value_serializer, "dumps", None)) and callable(getattr(value_serializer, "loads", None))):
        raise InvalidInputError("A value_serializer is a name, None, or a class with dumps and loads.")
