"""How often 95% intervals of a correlation hold the true one."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.bootstrap import correlation_interval
from analytics.correlation import fisher_interval
from simulations.report import markdown, percent
from simulations.returns import GARCH, IID, SHARED, Design, simulated

RHO = 0.3
CORRELATED = {
    "independent days, normal": replace(IID, rho=RHO),
    "GARCH, each its own": replace(GARCH, rho=RHO),
    "GARCH, one for both": Design(rho=RHO, volatility="shared"),
    "GARCH, one for both, t(5)": replace(SHARED, rho=RHO),
    "autocorrelations 0.3": Design(rho=RHO, memory=(0.3, 0.3)),
    "blocks of 10 days with a level each": Design(rho=RHO, block=10),
}
_LENGTHS = (90, 250, 1000)
_DRAWS = 199
_RUNS = 600


def coverage(
    design: Design, runs: int, n: int, draws: int = _DRAWS, seed: int = 1
) -> dict[str, float]:
    """Share of intervals that hold the true correlation, for "Fisher" and "bootstrap"."""
    x, y = simulated(design, runs, n, seed)
    many_x, many_y = simulated(design, 4000, 1000, seed=2)
    truth = np.mean(many_x * many_y) / np.sqrt(np.mean(many_x**2) * np.mean(many_y**2))
    held = []
    for one, other in zip(x, y, strict=True):
        by_fisher = fisher_interval(np.corrcoef(one, other)[0, 1], n)
        by_bootstrap = correlation_interval(one, other, draws=draws)
        held.append([low <= truth <= high for low, high in (by_fisher, by_bootstrap)])
    fisher, bootstrap = np.mean(held, axis=0).tolist()
    return {"Fisher": fisher, "bootstrap": bootstrap}


def report(runs: int = _RUNS) -> str:
    """Coverage by design and number of returns, as Markdown."""
    rows = []
    for name, design in CORRELATED.items():
        found = {n: coverage(design, runs, n) for n in _LENGTHS}
        rows.append(
            {
                "returns": name,
                **{
                    f"{which}, n = {n:,}": percent(found[n][which])
                    for which in ("Fisher", "bootstrap")
                    for n in _LENGTHS
                },
            }
        )
    return (
        f"True correlation about {RHO}, {runs:,} pairs of series of each kind and length, "
        f"{_DRAWS} draws an interval:\n\n{markdown(pd.DataFrame(rows))}"
    )
