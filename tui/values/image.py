"""A picture in half blocks, where Pillow is installed; else what its first bytes say of it."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content, Span

from .document import Document
from .hex_dump import HexDump

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 50_000_000
_LONGEST_SIDE = 1 << 16
_MOST_ROWS = 60
_WIDEST = 160
_HALF = "▀"
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}


def image_kind(raw: bytes) -> str:
    """Name the format of a picture by its first bytes; nothing when it is none."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WebP"
    if raw[:2] == b"BM" and (len(raw) < 26 or int.from_bytes(raw[2:6], "little") != len(raw)):
        return ""
    return next((kind for start, kind in _KINDS.items() if raw.startswith(start)), "")


def image_document(raw: bytes, kind: str) -> Document:
    """Describe a picture."""
    try:
        picture = _open(raw, kind)
    except ImportError:
        measure = _measure(raw, kind)
        words = "Install Pillow to see it: pip install 'booklet-catalog[images]'."
        return Document(f"{kind} picture{measure}", HexDump(raw), warning=words)
    except Exception as error:  # noqa: BLE001 - a damaged picture can fail in any way
        return Document(f"{kind} picture", HexDump(raw), warning=f"It cannot be drawn ({type(error).__name__}).")
    wide, high = picture.size
    if wide * high > _MOST_PIXELS or max(wide, high) > _LONGEST_SIDE:
        words = f"It is too large to be drawn here ({wide * high / 1e6:,.0f} million pixels)."
        return Document(f"{kind} picture, {wide:,} × {high:,}", HexDump(raw), warning=words)
    try:
        small = _reduce(picture)
    except Exception as error:  # noqa: BLE001 - a damaged picture can fail in any way
        return Document(f"{kind} picture", HexDump(raw), warning=f"It cannot be drawn ({type(error).__name__}).")
    return Document(f"{kind} picture, {wide:,} × {high:,}", HalfBlocks(small))


def _open(raw: bytes, kind: str) -> Image:
    """Open a picture without decoding it, as the format that its first bytes name and no other."""
    from PIL import Image  # noqa: PLC0415 - it need not be installed

    return Image.open(io.BytesIO(raw), formats=[kind.upper()])


def _reduce(picture: Image) -> Image:
    picture.draft("RGB", (_WIDEST * 2, _MOST_ROWS * 4))
    small = picture.convert("RGBA")
    small.thumbnail((_WIDEST, _MOST_ROWS * 2))
    return small


def _measure(raw: bytes, kind: str) -> str:
    if kind == "PNG" and len(raw) >= 24:
        wide, high = struct.unpack(">II", raw[16:24])
    elif kind == "GIF" and len(raw) >= 10:
        wide, high = struct.unpack("<HH", raw[6:10])
    elif kind == "BMP" and len(raw) >= 26:
        wide, high = struct.unpack("<ii", raw[18:26])
    else:
        return ""
    return f", {wide:,} × {abs(high):,}"


class HalfBlocks:
    """The body of a document that is a picture: two pixels in each cell, one above the other."""

    wraps = False

    def __init__(self, picture: Any) -> None:
        self._picture = picture

    def fit(self, width: int) -> Sequence[Content]:
        """Draw the picture in ``width`` cells."""
        wide, high = self._picture.size
        columns = max(1, min(width, wide))
        rows = max(2, round(high * columns / wide))
        pixels = self._picture.resize((columns, rows + rows % 2)).load()
        return [_row(pixels, columns, top) for top in range(0, rows + rows % 2, 2)]


def _row(pixels: Any, columns: int, top: int) -> Content:
    spans: list[Span] = []
    for at in range(columns):
        upper, lower = pixels[at, top], pixels[at, top + 1]
        style = f"{_colour(upper)} on {_colour(lower)}"
        if spans and spans[-1].style == style:
            spans[-1] = Span(spans[-1].start, at + 1, style)
        else:
            spans.append(Span(at, at + 1, style))
    return Content(_HALF * columns, spans)


def _colour(pixel: tuple[int, int, int, int]) -> str:
    """A colour over the grey that stands for nothing."""
    red, green, blue, opaque = pixel
    return f"#{_over(red, opaque):02x}{_over(green, opaque):02x}{_over(blue, opaque):02x}"


def _over(part: int, opaque: int) -> int:
    return (part * opaque + 0x30 * (255 - opaque)) // 255
