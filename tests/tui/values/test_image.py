"""Pictures."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import pytest
from PIL import Image

from tui.values import describe
from tui.values.image import image_kind


def _picture(kind: str, mode: str = "RGB") -> bytes:
    picture = Image.new(mode, (64, 32), "red")
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("WebP", "RGB")]
)
def test_a_picture_is_drawn(kind: str, mode: str) -> None:
    """Each cell holds two pixels, one above the other, in their colours."""
    document = describe(_picture(kind, mode), json=False)
    lines = document.body.fit(32)

    assert document.kind.startswith(f"{kind} picture, 64 × 32")
    assert [line.plain for line in lines] == ["▀" * 32] * 8
    assert str(lines[0].spans[0].style).startswith("#f")


def test_without_pillow_its_facts_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing, its name is told, with the size of the picture and its bytes."""
    raw = _picture("PNG")
    monkeypatch.setitem(sys.modules, "PIL", None)
    document = describe(raw, json=False)

    assert document.kind == "PNG picture, 64 × 32"
    assert "booklet-catalog[images]" in document.warning
    assert document.body.fit(80)[0].plain.startswith("00000000  89 50 4e 47")


@pytest.mark.parametrize("cut", [9, 20, 60])
def test_a_damaged_picture_is_bytes(cut: int) -> None:
    """What cannot be drawn says so above its bytes."""
    document = describe(_picture("PNG")[:cut], json=False)

    assert "cannot be drawn" in document.warning
    assert document.body.fit(80)[0].plain.startswith("00000000  89 50")


def test_a_huge_picture_is_not_opened() -> None:
    """A few bytes that claim many pixels are not unpacked."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    document = describe(raw, json=False)

    assert "too large" in document.warning or "cannot be drawn" in document.warning


def test_not_everything_is_a_picture() -> None:
    """Two letters at the beginning make no picture."""
    assert image_kind(b"BM, the text") == image_kind(b"RIFF....WAVE") == image_kind(b"") == ""


def test_a_picture_that_is_a_line_is_not_drawn() -> None:
    """A picture of one column and a hundred thousand rows says that it is too large: decoding such can take gigabytes."""
    file = io.BytesIO()
    Image.new("1", (1, 100_000)).save(file, "PNG")

    assert "too large" in describe(file.getvalue(), json=False).warning
