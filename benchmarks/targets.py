"""What ours must reach, and the table that says whether it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from measure import Failed, Measured

KIB = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Limits for ours: a part of the other's time, and exact ones. None: no limit."""

    of_the_time: float | None = None
    requests: int | None = None
    bytes_up: int | None = None
    bytes_down: int | None = None

    def judge(self, ours: Measured, other: Measured | Failed) -> Iterator[tuple[str, bool]]:
        """Each limit in words, and whether it is kept; a time that the other never reached is kept."""
        if self.of_the_time is not None:
            kept = isinstance(other, Failed) or ours.seconds <= other.seconds * self.of_the_time
            yield f"≤ 1/{1 / self.of_the_time:.0f} of the time", kept
        if self.requests is not None:
            plural = "" if self.requests == 1 else "s"
            yield f"≤ {self.requests} request{plural}", ours.requests <= self.requests
        if self.bytes_up is not None:
            yield f"≤ {self.bytes_up // KIB} KiB up", ours.bytes_up <= self.bytes_up
        if self.bytes_down is not None:
            yield f"≤ {self.bytes_down // KIB} KiB down", ours.bytes_down <= self.bytes_down


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison: the section it is measured in, what it is called, and what ours must reach."""

    section: str
    title: str
    target: Target


def rows(keys: int, million: int) -> tuple[Row, ...]:
    """The comparison."""
    small = Target(of_the_time=1 / 20, requests=8, bytes_up=100 * KIB)
    return (
        Row("write", f"set {keys:,} × 1 KB and sync, local only", Target()),
        Row("first push", f"first push, {keys:,} × 1 KB", Target(of_the_time=1 / 3)),
        Row("open for write", "open for write, warm", Target(of_the_time=1 / 20)),
        Row("push ten", f"push 10 changed keys of {keys:,}", small),
        Row("reopen", "re-open, nothing changed", Target(requests=1, bytes_down=2 * KIB)),
        Row("load all", f"open and load all, {keys:,} × 1 KB", Target(of_the_time=1 / 2)),
        Row("million: write", f"set {million:,} × 100 B and sync, local only", Target()),
        Row("million: first push", f"first push, {million:,} × 100 B", Target()),
        Row("million: push one", f"push 1 changed key of {million:,}", Target(requests=8, bytes_up=100 * KIB)),
        Row(
            "million: cold get",
            f"cold open('r') and one get, {million:,} keys",
            Target(requests=5, bytes_down=256 * KIB),
        ),
    )


def render(row: Row, measured: dict[str, Measured | Failed], titles: dict[str, str]) -> tuple[str, bool]:
    """The lines of one row, and whether its target is met."""
    lines = [f"{row.title:<52}{'seconds':>9}{'CPU s':>9}{'requests':>10}{'up':>13}{'down':>13}"]
    lines.extend(_line(titles.get(name, name), found) for name, found in measured.items())
    ours, other = measured.get("catalog", Failed("not run")), measured.get("ebooklet", Failed("not run"))
    if isinstance(ours, Failed):
        return "\n".join([*lines, "  NOT MET: it failed"]), False
    if not isinstance(other, Failed):
        lines.append(_ratios(ours, other))
    judged = list(row.target.judge(ours, other))
    if judged:
        words = ", ".join(f"{limit}: {'met' if kept else 'NOT MET'}" for limit, kept in judged)
        lines.append(f"  target: {words}")
    return "\n".join(lines), all(kept for _, kept in judged)


def _line(title: str, found: Measured | Failed) -> str:
    if isinstance(found, Failed):
        return f"  {title:<50}{found.why}"
    return (
        f"  {title:<50}{found.seconds:>9.3f}{found.cpu_seconds:>9.3f}{found.requests:>10,}"
        f"{found.bytes_up:>13,}{found.bytes_down:>13,}"
    )


def _ratios(ours: Measured, other: Measured) -> str:
    pairs = (
        (ours.seconds, other.seconds, 9),
        (ours.cpu_seconds, other.cpu_seconds, 9),
        (ours.requests, other.requests, 10),
        (ours.bytes_up, other.bytes_up, 13),
        (ours.bytes_down, other.bytes_down, 13),
    )
    return f"  {'ratio, ours to theirs':<50}" + "".join(f"{_ratio(mine, its):>{width}}" for mine, its, width in pairs)


def _ratio(ours: float, other: float) -> str:
    if not ours or not other:
        return "-"
    return f"{ours / other:.2f}" if ours * 10 > other else f"1/{other / ours:,.0f}"
