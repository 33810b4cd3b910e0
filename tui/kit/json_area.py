"""A text of JSON to be edited, in colours."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from tui.values.json_lines import highlight_json


class JsonArea(TextArea):
    """Colours each line by itself: nothing in JSON goes over the end of one."""

    def get_line(self, line_index: int) -> Text:
        """One line with the colours of names, texts, numbers and words."""
        line = super().get_line(line_index)
        colours = self.app.theme_variables
        for span in highlight_json(line.plain).spans:
            name = str(span.style).lstrip("$")
            if name in colours:
                line.stylize(colours[name], span.start, span.end)
        return line
