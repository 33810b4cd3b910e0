"""The command line: thin over the library, one module per noun."""

from __future__ import annotations

from catalog.cli.program import cli, main

__all__ = ["cli", "main"]
