"""What a decoded value looks like: pure functions from a value to lines of styled text."""

from .describe import describe, explain
from .document import Document

__all__ = ["Document", "describe", "explain"]
