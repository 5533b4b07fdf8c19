"""What the test of a claim found, and how its numbers are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

import numpy as np
import pandas as pd

from components.event_study import signed
from components.plotting import day
from components.rolling_correlation import number
from view_state import ViewState

LEVEL = 0.05
UNTOLD = "cannot be told from chance"

Mark = Literal["held", "failed", "unclear", "untestable"]


class NotTestableError(Exception):
    """The data here do not reach for the test; the message says what it needs."""


@dataclass(frozen=True)
class Measure:
    """One effect.

    ``effect``, ``low`` and ``high`` (95%) are fractions of growth, or correlations. NaN stands for
    an interval or p that there is not.
    """

    label: str
    n: int
    effect: float
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    about: str = ""
    is_correlation: bool = False

    def words(self) -> tuple[str, ...]:
        """The effect, its interval, p and N, as far as there are such."""
        write = number if self.is_correlation else signed
        return (
            write(self.effect),
            *(() if isnan(self.low) else (f"95% {write(self.low)} to {write(self.high)}",)),
            *(() if isnan(self.p) else (p_value(self.p),)),
            f"N = {self.n:,}",
        )


@dataclass(frozen=True)
class Outcome:
    """What a test found.

    ``data`` names instruments, dates and events. ``view`` on the page at ``path`` shows the same
    numbers; None where no page does.
    """

    mark: Mark
    verdict: str
    data: str = ""
    measures: tuple[Measure, ...] = ()
    path: str = ""
    view: ViewState | None = None


def counted(held: int, of: int) -> str:
    """How often something held."""
    return f"held {held} of {of} time{'' if of == 1 else 's'}"


def p_value(p: float) -> str:
    """A p-value with as many digits as mean something."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def joined(days: Sequence[pd.Timestamp]) -> str:
    """Dates in a row."""
    return ", ".join(map(day, days))
