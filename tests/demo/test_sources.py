"""Where the demo's data comes from is written beside it."""

from __future__ import annotations

import re
from importlib import resources

DATA = resources.files("catalog.demo") / "data"


def test_every_data_file_is_named_with_its_source() -> None:
    """SOURCES.md has a row with source, basis and package for each file, and for nothing else."""
    rows = re.findall(r"^\| `([^`]+)` \|(.+)\|$", (DATA / "SOURCES.md").read_text("utf-8"), re.MULTILINE)
    files = {entry.name for entry in DATA.iterdir() if entry.name != "SOURCES.md"}

    assert {name for name, _ in rows} == files
    assert len(rows) == len(files) == 9
    for _, cells in rows:
        what, source, basis, package, cut = (cell.strip() for cell in cells.split("|"))
        assert what
        assert source
        assert cut
        assert "public domain" in basis or "U.S. government work" in basis
        assert re.match(r"(PyPI|npm) `", package)


def test_the_data_stays_small() -> None:
    """Together the files stay below 2.5 MB, so that the package stays quick to install."""
    assert sum(len(entry.read_bytes()) for entry in DATA.iterdir()) < 2_500_000
