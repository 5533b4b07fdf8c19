"""How often a real move of a price is called doubtful, and how often an unadjusted split is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_sources.moves import doubtful_moves
from simulations.report import markdown, percent
from simulations.returns import Design, simulated

_DAYS = 2520
_RUNS = 500
_AFTERSHOCKS = 10  # days that tremble after a pump or a crash


@dataclass(frozen=True)
class Asset:
    """Daily log returns: GARCH(1,1) shocks with t tails, times `volatility`.

    `shocks` are moves of 0.7 to 1.6 in logs, that many in ten years, each followed by two weeks of
    swings that shrink from a third of it.
    """

    volatility: float
    tails: int
    shocks: int = 0


ASSETS = {
    "small caps, 1.3% a day, t(5)": Asset(0.013, 5),
    "Bitcoin, 3.5% a day, t(4)": Asset(0.035, 4),
    "a small coin, 6% a day, t(4)": Asset(0.06, 4),
    "a small coin with 5 pumps and crashes": Asset(0.06, 4, 5),
}
SPLITS = {"3:2": 2 / 3, "2:1": 1 / 2, "4:1": 1 / 4, "1:10": 10.0}


def prices(asset: Asset, runs: int, seed: int = 1) -> list[pd.Series]:
    """Closes of ten years, one series a run."""
    rng = np.random.default_rng(seed)
    days = pd.bdate_range("2010-01-04", periods=_DAYS)
    moves, _ = simulated(Design(volatility="own", tails=asset.tails), runs, _DAYS, seed)
    moves *= asset.volatility
    for run in moves:
        for at in rng.choice(np.arange(30, _DAYS - 30), asset.shocks, replace=False):
            size = rng.uniform(0.7, 1.6)
            swings = np.linspace(size / 3, asset.volatility, _AFTERSHOCKS)
            run[at] += size * rng.choice([-1, 1])
            run[at + 1 : at + 1 + _AFTERSHOCKS] += swings * rng.standard_normal(_AFTERSHOCKS)
    return [pd.Series(np.exp(np.cumsum(run)), days) for run in moves]


def false_alarms(closes: list[pd.Series]) -> np.ndarray:
    """Moves called doubtful in each series, none of which is."""
    return np.array([len(doubtful_moves(close)) for close in closes])


def found(closes: list[pd.Series], factor: float, seed: int = 2) -> float:
    """Share of series in which a split on a random day, unadjusted, is called doubtful."""
    rng = np.random.default_rng(seed)
    hits = 0
    for close in closes:
        at = int(rng.integers(30, len(close) - 5))
        split = close.copy()
        split.iloc[at:] *= factor
        hits += any(move.day == close.index[at] for move in doubtful_moves(split))
    return hits / len(closes)


def report(runs: int = _RUNS) -> str:
    """False alarms, and splits found, as Markdown."""
    rows = []
    for name, asset in ASSETS.items():
        closes = prices(asset, runs)
        alarms = false_alarms(closes)
        shares = {f"{split} found": percent(found(closes, by)) for split, by in SPLITS.items()}
        rows.append({"price": name, "false alarms in ten years": f"{alarms.mean():.3f}", **shares})
    return f"{runs:,} runs of {_DAYS:,} daily closes each:\n\n{markdown(pd.DataFrame(rows))}"
