"""How often the lead-lag statistics are wrong: ``python -m simulations.lead_lag``.

Prints the tables of docs/numbers.md. The tests run the same functions at a smaller size.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.bootstrap import correlation_interval
from analytics.correlation import fisher_interval
from analytics.lead_lag import granger_tests, lead_lag, verdict
from simulations.report import markdown, percent

ORDERS = (1, 5, 10)
INTERVALS = ("Fisher", "bootstrap")
# What a normal variable exceeds in absolute value once in 20 times among 120 independent ones.
_NAIVE_REACH = 3.52


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
# Of each the two are unrelated, or related on the same day only.
NO_LEAD = {
    "independent, normal": IID,
    "same day 0.5, normal": Design(rho=0.5),
    "independent, GARCH": GARCH,
    "same day 0.5, GARCH": Design(rho=0.5, volatility="own"),
    "independent, one GARCH for both, t(5)": SHARED,
    "same day 0.5, one GARCH for both, t(5)": replace(SHARED, rho=0.5),
    "the same with autocorrelations −0.10 and −0.05": LIKELY,
    "independent, autocorrelations 0.3": Design(memory=(0.3, 0.3)),
    "same day 0.5, autocorrelations 0.3": Design(rho=0.5, memory=(0.3, 0.3)),
}
LEAD_OF_3 = {
    "normal": Design(lead=3),
    "GARCH": Design(volatility="own", lead=3),
    "same day 0.5, GARCH": Design(rho=0.5, volatility="own", lead=3),
    "same day 0.5, one GARCH for both, t(5)": replace(SHARED, rho=0.5, lead=3),
}
CORRELATED = {
    "independent days, normal": Design(rho=0.3),
    "GARCH, each its own": Design(rho=0.3, volatility="own"),
    "GARCH, one for both": Design(rho=0.3, volatility="shared"),
    "GARCH, one for both, t(5)": replace(SHARED, rho=0.3),
    "autocorrelations 0.3": Design(rho=0.3, memory=(0.3, 0.3)),
    "blocks of 10 days with a level each": Design(rho=0.3, block=10),
}


def simulated(design: Design, runs: int, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of returns, shape (runs, n)."""
    rng = np.random.default_rng(seed)
    days = n + 250  # to forget where volatility began
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
        y[design.lead :] *= np.sqrt(1 - 0.15**2)
        y[design.lead :] += 0.15 * x[: -design.lead]
    for values, slope in zip((x, y), design.memory, strict=True):
        for day in range(1, days):
            values[day] += slope * values[day - 1]
    return x[250:].T.copy(), y[250:].T.copy()


def _cluster(x: np.ndarray, y: np.ndarray, *, shared: bool) -> None:
    """Give shocks, a row a day, the volatility of GARCH(1,1), in place."""
    in_x, in_y = np.ones((2, x.shape[1]))
    for day in range(len(x)):
        x[day] *= np.sqrt(in_x)
        y[day] *= np.sqrt(in_y)
        in_x = 0.02 + 0.10 * x[day] ** 2 + 0.88 * in_x
        in_y = in_x if shared else 0.02 + 0.10 * y[day] ** 2 + 0.88 * in_y


@dataclass(frozen=True)
class Bands:
    """Shares of runs, and of lags for ``pointwise``.

    Attributes
    ----------
    beyond : float
        Some lag but 0 is outside the simultaneous band.
    beyond_or_0 : float
        Some lag is.
    naive : float
        Some lag but 0 is farther from 0 than 3.52 / sqrt(n), the band for independent returns.
    pointwise : float
        Lags but 0 within the pointwise band.
    lead : float
        Lag 3 is outside the simultaneous band, above.
    elsewhere : float
        Some lag but 0 and 3 is.
    """

    beyond: float
    beyond_or_0: float
    naive: float
    pointwise: float
    lead: float
    elsewhere: float


def bands(design: Design, runs: int, n: int, draws: int, max_lag: int = 60) -> Bands:
    """What the bands make of series of a known design."""
    rows = []
    for x, y in zip(*simulated(design, runs, n), strict=True):
        table = lead_lag(x, y, max_lag, draws=draws)
        others = table.drop(index=0)
        beyond = set(verdict(table).beyond)
        within = others["r"].between(others["pointwise_low"], others["pointwise_high"])
        rows.append(
            Bands(
                beyond=bool(beyond),
                beyond_or_0=bool(beyond) or table["p"][0] <= 0.05,
                naive=bool((others["r"].abs() > _NAIVE_REACH / np.sqrt(others["n"])).any()),
                pointwise=within.mean(),
                lead=3 in beyond and table["t"][3] > 0,
                elsewhere=bool(beyond - {3}),
            )
        )
    return Bands(*np.mean([list(vars(row).values()) for row in rows], axis=0).tolist())


def granger_size(
    design: Design, runs: int, n: int, orders: Sequence[int] = (1, 5, 10)
) -> list[float]:
    """Share of runs in which the first series is said to lead at 5%, by order."""
    found = [granger_tests(x, y, orders) for x, y in zip(*simulated(design, runs, n), strict=True)]
    p = np.array([table.loc[table["leader"] == "first", "p"] for table in found])
    return np.mean(p <= 0.05, axis=0).tolist()


def interval_coverage(design: Design, runs: int, n: int, draws: int) -> list[float]:
    """Share of intervals that hold the true correlation, for each of ``INTERVALS``."""
    x, y = simulated(design, runs, n)
    many_x, many_y = simulated(design, 4000, 1000, seed=2)
    truth = float(np.mean(many_x * many_y) / np.sqrt(np.mean(many_x**2) * np.mean(many_y**2)))
    held = np.empty((runs, len(INTERVALS)))
    for row, one, other in zip(held, x, y, strict=True):
        by_fisher = fisher_interval(np.corrcoef(one, other)[0, 1], n)
        by_bootstrap = correlation_interval(one, other, draws=draws)
        row[:] = [low <= truth <= high for low, high in (by_fisher, by_bootstrap)]
    return held.mean(axis=0).tolist()


def report() -> str:
    """Every table at full size: the better part of an hour on one core."""
    return "\n\n".join(
        f"{title}\n\n{markdown(pd.DataFrame(rows))}" for title, rows in _tables(1000, 2500, 999)
    )


def _tables(runs: int, n: int, draws: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    yield (
        f"No lead: bands over lags -60 to 60, {runs:,} runs of {n:,} returns, {draws} draws",
        [_size_row(name, bands(of, runs, n, draws)) for name, of in NO_LEAD.items()],
    )
    yield (
        "Autocorrelations −0.10 and −0.05, at other lengths",
        [_size_row(f"{n:,} returns", bands(LIKELY, runs, n, draws)) for n in (250, 500, 1000)],
    )
    leads = {name: bands(of, runs // 3, n, draws) for name, of in LEAD_OF_3.items()}
    yield (
        f"A lead of 3 returns with a correlation of 0.15, {runs // 3} runs of {n:,}",
        [
            {"series": name, "lag 3 found": percent(of.lead), "another lag": percent(of.elsewhere)}
            for name, of in leads.items()
        ],
    )
    for length in (500, 2500):
        yield (
            f"No lead: Granger-type tests at 5%, {2 * runs:,} runs of {length:,} returns",
            [
                {"series": name, **_labelled(ORDERS, granger_size(of, 2 * runs, length))}
                for name, of in NO_LEAD.items()
            ],
        )
    for length in (90, 250, 1000):
        yield (
            f"95% intervals of a correlation of about 0.3, {2 * runs:,} runs of {length:,} returns",
            [
                {
                    "series": name,
                    **_labelled(INTERVALS, interval_coverage(of, 2 * runs, length, draws)),
                }
                for name, of in CORRELATED.items()
            ],
        )


def _size_row(name: str, found: Bands) -> dict[str, str]:
    return {
        "series": name,
        "any lag but 0": percent(found.beyond),
        "any lag": percent(found.beyond_or_0),
        "naive band": percent(found.naive),
        "lags within pointwise": percent(found.pointwise),
    }


def _labelled(labels: Iterable[object], shares: Iterable[float]) -> dict[str, str]:
    return {str(label): percent(share) for label, share in zip(labels, shares, strict=True)}


def main() -> None:
    """Write the tables to standard output."""
    sys.stdout.write(f"{report()}\n")


if __name__ == "__main__":
    main()
