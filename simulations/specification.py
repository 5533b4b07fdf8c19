"""How many of a specification curve's discoveries are false."""

import numpy as np
import pandas as pd

from analytics.breakouts import breakouts
from analytics.event_odds import DRAWS
from analytics.specification import Definition, specification_curve
from simulations.markets import NULLS, Null, markets, with_rallies
from simulations.report import markdown, percent

HORIZONS = (30, 90, 180, 365)
DEFINITIONS = (
    *(Definition(base, 60, high) for base in (63, 126) for high in (None, 252)),
    Definition(21, 20, 126),
)
_LEVEL = 0.05
_RUNS = 80
_RALLY_DAYS = 90


def curves(
    null: Null,
    count: int,
    *,
    rally: float = 0.0,
    definitions: tuple[Definition, ...] = DEFINITIONS,
    draws: int = DRAWS,
    seed: int = 1,
) -> pd.DataFrame:
    """One row a curve over 3 small caps and 4 coins: the discoveries at 5%, and the false ones.

    Parameters
    ----------
    null : Null
        The market.
    count : int
        Number of curves.
    rally : float
        Log return added to the first coin over 90 days after each breakout of the first small
        cap under the first definition. Discoveries in that coin are then true.
    definitions : tuple of Definition
        Breakout rules of the curve.
    draws : int
        Resamples a cell.
    seed : int
        Of the generator.

    Returns
    -------
    DataFrame
        ``cells`` that could be tested, ``raw`` (p at most 5%), ``found`` (adjusted p at most 5%)
        and ``false`` among those.
    """
    found = []
    for small_caps, coins in markets(np.random.default_rng(seed), null, count, 3, 4):
        if rally:
            events = breakouts(small_caps[0], *definitions[0]).index
            coins[0] = with_rallies(coins[0], events, rally, _RALLY_DAYS)
        curve = specification_curve(
            {f"small cap {i}": close for i, close in enumerate(small_caps)},
            {f"coin {i}": close for i, close in enumerate(coins)},
            definitions,
            HORIZONS,
            draws,
        )
        is_found = curve["q"] <= _LEVEL
        is_null = (curve["target"] != "coin 0") | (rally == 0)
        found.append(
            {
                "cells": curve["is_testable"].sum(),
                "raw": (curve["p"] <= _LEVEL).sum(),
                "found": is_found.sum(),
                "false": (is_found & is_null).sum(),
            }
        )
    return pd.DataFrame(found)


def false_discovery_rate(found: pd.DataFrame) -> float:
    """Mean share of false ones among the discoveries; 0 where there are none."""
    return float((found["false"] / found["found"].clip(lower=1)).mean())


def report(runs: int = _RUNS) -> str:
    """False discovery rates at a level of 5%, as Markdown."""
    found = {name: curves(null, runs) for name, null in NULLS.items()}
    found = {**found, "all of these": pd.concat(found.values())}
    usual = NULLS["same-day correlation, fat tails"]
    found["one coin of four does rally, e-fold in 90 days"] = curves(usual, runs, rally=1.0)
    cells = len(DEFINITIONS) * 3 * 4 * len(HORIZONS)
    return (
        f"{runs:,} curves of {cells} cells of each kind, {DRAWS:,} resamples a cell, at a level "
        f"of 5%:\n\n{markdown(pd.DataFrame([_row(name, of) for name, of in found.items()]))}"
    )


def _row(name: str, found: pd.DataFrame) -> dict[str, str]:
    return {
        "market": name,
        "testable cells": f"{found['cells'].mean():.0f}",
        "p at most 5%": percent(found["raw"].sum() / found["cells"].sum()),
        "curves with p at most 5% somewhere": percent((found["raw"] > 0).mean()),
        "curves with a discovery": percent((found["found"] > 0).mean()),
        "false discovery rate": percent(false_discovery_rate(found)),
    }
