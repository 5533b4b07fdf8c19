"""What the test of a claim found, and how its numbers are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

import numpy as np
import pandas as pd

from components.charts.rolling_correlation import number
from components.event_study import signed
from components.plotting import day, p_value
from view_state import ViewState

LEVEL = 0.05
UNTOLD = "cannot be told from chance"

Mark = Literal["held", "failed", "unclear", "pending", "untestable"]
Kind = Literal["growth against any day", "correlation", "rise", ""]


class NotTestableError(Exception):
    """The data here do not reach for the test; the message says what it needs."""


@dataclass(frozen=True)
class Measure:
    """One effect.

    ``effect``, ``low`` and ``high`` (95%) are fractions or correlations, as ``kind`` says. NaN
    stands for an interval or p that there is not.
    """

    label: str
    n: int
    effect: float
    kind: Kind
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    about: str = ""

    def words(self) -> tuple[str, ...]:
        """The effect, its interval, p and N, as far as there are such."""
        write = number if self.kind == "correlation" else signed
        return (
            write(self.effect),
            *(() if isnan(self.low) else (f"95% {write(self.low)} to {write(self.high)}",)),
            *(() if isnan(self.p) else (p_value(self.p),)),
            f"N = {self.n:,}",
        )


@dataclass(frozen=True)
class Outcome:
    """What a test found.

    ``p`` is what the verdict rests on, after any adjustment; NaN where it rests on none. ``data``
    names instruments, dates and events. ``view`` on the page at ``path`` shows the effect of the
    first measure; None where no page does.
    """

    mark: Mark
    verdict: str
    p: float = np.nan
    data: str = ""
    measures: tuple[Measure, ...] = ()
    path: str = ""
    view: ViewState | None = None


def counted(times: int, of: int) -> str:
    """How often something was so."""
    return f"{times} of {of} time{'' if of == 1 else 's'}"


def joined(days: Sequence[pd.Timestamp]) -> str:
    """Dates in a row."""
    return ", ".join(map(day, days))
