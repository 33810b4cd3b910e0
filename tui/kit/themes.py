"""The two looks of the program, and what its own colours are in any other theme."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="catalog-dark",
    dark=True,
    primary="#7aa2d6",
    secondary="#8f9bb3",
    accent="#d9a55b",
    success="#8fbf7f",
    warning="#d9a55b",
    error="#e0787d",
    foreground="#d3d8e0",
    background="#14171c",
    surface="#191d23",
    panel="#20252d",
    variables={
        "quiet": "#7d8696",
        "line": "#353c47",
        "state-good": "#8fbf7f",
        "state-ahead": "#e0b062",
        "state-behind": "#71a8e0",
        "state-diverged": "#c79be0",
        "state-conflict": "#f0787d",
        "state-trouble": "#e58e73",
        "json-name": "#8db4e2",
        "json-string": "#a3c78f",
        "json-number": "#e0b062",
        "json-word": "#c79be0",
        "chart": "#71a8e0",
        "diff-removed": "#3a2226",
        "diff-removed-strong": "#6e2f36",
        "diff-added": "#1f3226",
        "diff-added-strong": "#2f5a3d",
        "cursor-row": "#2b3a4f",
        "cursor-row-blurred": "#232932",
        "border": "#7aa2d6",
        "border-blurred": "#353c47",
        "footer-background": "#14171c",
        "footer-key-foreground": "#d9a55b",
        "block-cursor-background": "#2b3a4f",
        "block-cursor-foreground": "#d3d8e0",
        "input-selection-background": "#7aa2d6 35%",
        "scrollbar": "#353c47",
        "scrollbar-hover": "#4a5362",
        "scrollbar-active": "#7aa2d6",
        "scrollbar-background": "#14171c",
        "scrollbar-background-hover": "#14171c",
        "scrollbar-background-active": "#14171c",
    },
)

LIGHT = Theme(
    name="catalog-light",
    dark=False,
    primary="#2f6aa8",
    secondary="#5c6675",
    accent="#96620a",
    success="#3a7d32",
    warning="#96620a",
    error="#b3343c",
    foreground="#262b33",
    background="#fafaf8",
    surface="#f2f2ef",
    panel="#e9e9e5",
    variables={
        "quiet": "#6f7784",
        "line": "#cfd2d6",
        "state-good": "#357a2d",
        "state-ahead": "#96620a",
        "state-behind": "#2a6cb0",
        "state-diverged": "#7d4aa3",
        "state-conflict": "#b8262f",
        "state-trouble": "#ad4a26",
        "json-name": "#2a6cb0",
        "json-string": "#357a2d",
        "json-number": "#96620a",
        "json-word": "#7d4aa3",
        "chart": "#2a6cb0",
        "diff-removed": "#fbe6e6",
        "diff-removed-strong": "#f3b9bc",
        "diff-added": "#e3f2e2",
        "diff-added-strong": "#b3dcb0",
        "cursor-row": "#d3e2f3",
        "cursor-row-blurred": "#e9edf1",
        "border": "#2f6aa8",
        "border-blurred": "#cfd2d6",
        "footer-background": "#fafaf8",
        "footer-key-foreground": "#96620a",
        "block-cursor-background": "#d3e2f3",
        "block-cursor-foreground": "#262b33",
        "input-selection-background": "#2f6aa8 25%",
        "scrollbar": "#cfd2d6",
        "scrollbar-hover": "#b3b8bf",
        "scrollbar-active": "#2f6aa8",
        "scrollbar-background": "#fafaf8",
        "scrollbar-background-hover": "#fafaf8",
        "scrollbar-background-active": "#fafaf8",
    },
)


def own_colours(theme: Theme) -> dict[str, str]:
    """The program's own variables for a theme that does not define them, out of those it does."""
    like = DARK if theme.dark else LIGHT
    chosen = dict(like.variables)
    semantic = {
        "state-good": theme.success,
        "state-ahead": theme.warning,
        "state-conflict": theme.error,
        "chart": theme.primary,
        "json-name": theme.primary,
    }
    chosen |= {name: colour for name, colour in semantic.items() if colour}
    names = ("quiet", "line", "state-", "json-", "chart", "diff-", "cursor-row")
    return {name: value for name, value in chosen.items() if name.startswith(names)}
