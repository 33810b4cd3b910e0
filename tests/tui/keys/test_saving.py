"""Where values may be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.keys.saving import file_name, wrong_path


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b.csv", "b.csv"),
        ("plain", "plain"),
        ("../..", "value"),
        ("a/", "a"),
        ("x\x1b[31m y", "x_31m_y"),
        (".bashrc", "bashrc"),
        ("ä/ö.txt", "ö.txt"),
        ("é" * 300, "é" * 100),
    ],
)
def test_a_key_names_a_harmless_file(key: str, name: str) -> None:
    """Of a key its last part stays, without what leads elsewhere or hides a file."""
    assert file_name(key) == name


def test_a_path_must_be_new(tmp_path: Path) -> None:
    """Folders, files that exist, dangling links, folders that do not exist and no text at all are refused."""
    (tmp_path / "there").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    assert wrong_path(str(tmp_path / "new.txt")) == ""
    assert "folder" in wrong_path(str(tmp_path))
    for name in ("there", "link"):
        assert "exists already" in wrong_path(str(tmp_path / name))
    assert "no such folder" in wrong_path(str(tmp_path / "none" / "x"))
    assert "Type the path" in wrong_path("  ")
    assert "no path" in wrong_path("a\0b")
