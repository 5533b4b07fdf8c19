"""Pairs of series of daily returns of a known design."""

from dataclasses import dataclass, replace

import numpy as np

_WARM_UP = 250  # days after which it no longer matters where volatility began
_LEAD = 0.15  # correlation across a lead


@dataclass(frozen=True)
class Design:
    """A way to simulate two series of returns.

    Attributes
    ----------
    rho : float
        Correlation of the two shocks of a day.
    volatility : {"constant", "own", "shared"}
        GARCH(1,1) with alpha 0.10 and beta 0.88, of each series or driven by the first for both.
    tails : int or None
        Degrees of freedom of a Student t; with shared volatility one for both series.
    memory : (float, float)
        Coefficients of first-order autoregressions.
    block : int
        Length of blocks of days that share a level, one for each series (0: no blocks).
    lead : int
        Rows by which the first series leads, with a correlation of 0.15 (0: no lead).
    """

    rho: float = 0.0
    volatility: str = "constant"
    tails: int | None = None
    memory: tuple[float, float] = (0.0, 0.0)
    block: int = 0
    lead: int = 0


IID = Design()
GARCH = Design(volatility="own")
SHARED = Design(volatility="shared", tails=5)
# What daily returns of small caps and coins are most like.
LIKELY = replace(SHARED, rho=0.5, memory=(-0.1, -0.05))


def simulated(design: Design, runs: int, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of returns, shape (runs, n)."""
    rng = np.random.default_rng(seed)
    days = n + _WARM_UP
    x, rest = rng.standard_normal((2, days, runs))
    y = design.rho * x + np.sqrt(1 - design.rho**2) * rest
    if design.tails:
        spare = (design.tails - 2) / rng.chisquare(design.tails, (2, days, runs))
        x *= np.sqrt(spare[0])
        y *= np.sqrt(spare[0 if design.volatility == "shared" else 1])
    if design.volatility != "constant":
        _cluster(x, y, shared=design.volatility == "shared")
    if design.block:
        levels = 0.4 * rng.standard_normal((2, -(-days // design.block), runs))
        x += np.repeat(levels[0], design.block, axis=0)[:days]
        y += np.repeat(levels[1], design.block, axis=0)[:days]
    if design.lead:
        y[design.lead :] *= np.sqrt(1 - _LEAD**2)
        y[design.lead :] += _LEAD * x[: -design.lead]
    for values, slope in zip((x, y), design.memory, strict=True):
        for day in range(1, days):
            values[day] += slope * values[day - 1]
    return x[_WARM_UP:].T.copy(), y[_WARM_UP:].T.copy()


def _cluster(x: np.ndarray, y: np.ndarray, *, shared: bool) -> None:
    """Give shocks, a row a day, the volatility of GARCH(1,1), in place."""
    in_x, in_y = np.ones((2, x.shape[1]))
    for day in range(len(x)):
        x[day] *= np.sqrt(in_x)
        y[day] *= np.sqrt(in_y)
        in_x = 0.02 + 0.10 * x[day] ** 2 + 0.88 * in_x
        in_y = in_x if shared else 0.02 + 0.10 * y[day] ** 2 + 0.88 * in_y
