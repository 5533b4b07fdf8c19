"""A benchmark's result as a table that reads plainly and is valid Markdown."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

HEADINGS = ("what", "ours", "baseline", "ratio", "target", "result")
_RESULTS = {True: "met", False: "missed", None: "–"}


@dataclass(frozen=True)
class Row:
    """One measurement beside its baseline.

    ``ratio`` is how many times better ours is; ``met`` is None where there is no target.
    """

    what: str
    ours: str
    baseline: str
    ratio: str
    target: str
    met: bool | None


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 95th."""
    p50, p95 = np.percentile(values, [50, 95])
    return float(p50), float(p95)


def pair(values: Sequence[float], unit: str) -> str:
    """Values as "p50 / p95 unit"; a dash when there are none."""
    if not len(values):
        return "–"
    p50, p95 = percentiles(values)
    return f"{p50:.1f} / {p95:.1f} {unit}"


def table(rows: Sequence[Row]) -> str:
    """Rows under their headings."""
    cells = [HEADINGS, *((*astuple(row)[:-1], _RESULTS[row.met]) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in cells
    )
