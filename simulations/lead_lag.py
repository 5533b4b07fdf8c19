"""How often the lead-lag statistics find a lead that is not there, and miss one that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.lead_lag import granger_tests, lead_lag, verdict
from simulations.report import markdown, percent
from simulations.returns import GARCH, IID, LIKELY, SHARED, Design, simulated

ORDERS = (1, 5, 10)
# Of each the two are unrelated, or related on the same day only.
NO_LEAD = {
    "independent, normal": IID,
    "same day 0.5, normal": Design(rho=0.5),
    "independent, GARCH": GARCH,
    "same day 0.5, GARCH": replace(GARCH, rho=0.5),
    "independent, one GARCH for both, t(5)": SHARED,
    "same day 0.5, one GARCH for both, t(5)": replace(SHARED, rho=0.5),
    "the same with autocorrelations −0.10 and −0.05": LIKELY,
    "independent, autocorrelations 0.3": Design(memory=(0.3, 0.3)),
    "same day 0.5, autocorrelations 0.3": Design(rho=0.5, memory=(0.3, 0.3)),
}
LEAD_OF_3 = {
    "normal": Design(lead=3),
    "GARCH": replace(GARCH, lead=3),
    "same day 0.5, GARCH": replace(GARCH, rho=0.5, lead=3),
    "same day 0.5, one GARCH for both, t(5)": replace(SHARED, rho=0.5, lead=3),
}
# What a normal variable exceeds in absolute value once in 20 times among 120 independent ones.
_NAIVE_REACH = 3.52
_DRAWS = 199
_RUNS = 500
_LENGTH, _OTHER_LENGTHS, _LONGEST = 1000, (80, 120, 250, 500), 2500


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


def bands(design: Design, runs: int, n: int, draws: int = _DRAWS, seed: int = 1) -> Bands:
    """What the bands make of series of a known design."""
    rows = []
    for x, y in zip(*simulated(design, runs, n, seed), strict=True):
        table = lead_lag(x, y, draws=draws)
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
    design: Design, runs: int, n: int, orders: Sequence[int] = ORDERS, seed: int = 1
) -> dict[int, float]:
    """Share of runs in which the first series is said to lead at 5%, by order."""
    pairs = zip(*simulated(design, runs, n, seed), strict=True)
    found = [granger_tests(x, y, orders) for x, y in pairs]
    p = np.array([table.loc[table["leader"] == "first", "p"] for table in found])
    return dict(zip(orders, np.mean(p <= 0.05, axis=0).tolist(), strict=True))


def report(runs: int = _RUNS) -> str:
    """Bands and Granger-type tests with no lead and with one, as Markdown."""
    few = -(-runs // 5)
    size = [_size_row(name, bands(of, runs, _LENGTH)) for name, of in NO_LEAD.items()]
    lengths = {n: bands(LIKELY, runs, n) for n in _OTHER_LENGTHS}
    lengths[_LONGEST] = bands(LIKELY, few, _LONGEST)
    leads = [
        {"series": name, "lag 3 found": percent(of.lead), "another lag": percent(of.elsewhere)}
        for name, of in ((name, bands(of, few, _LONGEST)) for name, of in LEAD_OF_3.items())
    ]
    parts = [
        f"Bands over lags -60 to 60 from {_DRAWS} draws.",
        f"No lead: runs beyond the simultaneous band, {runs:,} runs of {_LENGTH:,} returns:",
        markdown(pd.DataFrame(size)),
        f"The seventh of these at other lengths ({_LONGEST:,} returns: {few:,} runs):",
        markdown(pd.DataFrame([_size_row(f"{n:,} returns", of) for n, of in lengths.items()])),
        f"A lead of 3 returns with a correlation of 0.15, {few:,} runs of {_LONGEST:,} returns:",
        markdown(pd.DataFrame(leads)),
    ]
    for n in (_OTHER_LENGTHS[-1], _LONGEST):
        rows = [
            {"series": name, **{_lags(k): percent(v) for k, v in sizes.items()}}
            for name, sizes in ((name, granger_size(of, runs, n)) for name, of in NO_LEAD.items())
        ]
        parts += [
            f"No lead: Granger-type tests that reject at 5%, {runs:,} runs of {n:,} returns:",
            markdown(pd.DataFrame(rows)),
        ]
    return "\n\n".join(parts)


def _lags(count: int) -> str:
    return f"{count} lag{'s' * (count > 1)}"


def _size_row(name: str, found: Bands) -> dict[str, str]:
    return {
        "series": name,
        "any lag but 0": percent(found.beyond),
        "any lag": percent(found.beyond_or_0),
        "naive band": percent(found.naive),
        "lags within pointwise": percent(found.pointwise),
    }
