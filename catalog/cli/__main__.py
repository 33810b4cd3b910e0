"""The program as ``python -m catalog.cli``."""

from __future__ import annotations

from catalog.cli.program import main

main()
