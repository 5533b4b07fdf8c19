"""How often a change of correlation regime is announced without one, and how soon with one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.correlation import rolling_pearson
from analytics.regimes import HOLD, LEVEL, RELEASE, regime_changes
from simulations.report import markdown, percent
from simulations.returns import GARCH, IID, SHARED, Design, simulated

UNCHANGED = {
    "independent, normal": IID,
    "independent, GARCH": GARCH,
    "independent, one GARCH for both, t(5)": SHARED,
    "always 0.15, normal": replace(IID, rho=0.15),
    "always 0.25, normal": replace(IID, rho=0.25),
    "always 0.25, one GARCH for both, t(5)": replace(SHARED, rho=0.25),
    "always 0.4, normal": replace(IID, rho=0.4),
    "always 0.4, one GARCH for both, t(5)": replace(SHARED, rho=0.4),
}


@dataclass(frozen=True)
class Step:
    """A correlation that steps from one value to another; the two series are as in `design`."""

    before: float
    after: float
    design: Design = IID


STEPS = {
    "0 to 0.5, normal": Step(0, 0.5),
    "0 to 0.5, one GARCH for both, t(5)": Step(0, 0.5, SHARED),
    "0 to 0.3, normal": Step(0, 0.3),
    "0.5 to 0, normal": Step(0.5, 0),
    "0.5 to 0, one GARCH for both, t(5)": Step(0.5, 0, SHARED),
    "0.5 to −0.5, normal": Step(0.5, -0.5),
}
# Level, level of release and hold of other rules, and of the one in use.
RULES = {
    "95% band, at once": (0.95, 0.95, 1),
    "99.9% band, at once": (0.999, 0.999, 1),
    "99.9% band, 21 windows": (0.999, 0.999, 21),
    "99.9% band, 50% to end it, 10 windows": (0.999, 0.5, 10),
    "99.9% band, 50% to end it, 21 windows": (LEVEL, RELEASE, HOLD),
    "99.9% band, until it crosses 0, 21 windows": (0.999, 0.0, 21),
    "99.99% band, 50% to end it, 10 windows": (0.9999, 0.5, 10),
}
_RULE = (LEVEL, RELEASE, HOLD)
WINDOW = 90
_DECADE = 2520
_LEAD_IN, _FOLLOWED = 252, 756  # sessions before and after a step
_RUNS = 500


def counts(
    design: Design,
    runs: int,
    rule: tuple[float, float, int] = _RULE,
    n: int = _DECADE,
    seed: int = 1,
) -> np.ndarray:
    """Changes announced in each of the runs of `n` returns; nothing changes in them."""
    pairs = zip(*simulated(design, runs, n, seed), strict=True)
    return np.array([len(_announced(x, y, rule)) for x, y in pairs])


def delays(
    step: Step, runs: int, rule: tuple[float, float, int] = _RULE, seed: int = 1
) -> np.ndarray:
    """Sessions from each step until its regime is announced, the first after it being 1.

    Infinite when it is not within three years, or was announced before without cause.
    """
    side = {1: "positive", 0: "none", -1: "negative"}[int(np.sign(step.after))]
    found = []
    for x, y in _stepping(step, runs, seed):
        changes = _announced(x, y, rule)
        right = changes.index[(changes["regime"] == side) & (changes.index >= _LEAD_IN)]
        found.append(right[0] - _LEAD_IN + 1 if len(right) else np.inf)
    return np.array(found)


def _stepping(step: Step, runs: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    n = _LEAD_IN + _FOLLOWED
    rho = np.where(np.arange(n) < _LEAD_IN, step.before, step.after)
    for x, rest in zip(*simulated(step.design, runs, n, seed), strict=True):
        yield x, rho * x + np.sqrt(1 - rho**2) * rest


def _announced(x: np.ndarray, y: np.ndarray, rule: tuple[float, float, int]) -> pd.DataFrame:
    level, release, hold = rule
    line = pd.Series(rolling_pearson(x, y, WINDOW))
    return regime_changes(line, WINDOW, level=level, release=release, hold=hold)


def report(runs: int = _RUNS) -> str:
    """Announcements without a change and after one, and those of other rules, as Markdown."""
    what = (
        f"Windows of {WINDOW} daily returns. Changes announced in ten years ({_DECADE:,} returns) "
        f"of a correlation that never changes, {runs:,} runs:"
    )
    parts = [
        what,
        markdown(
            pd.DataFrame([_unchanged(name, counts(of, runs)) for name, of in UNCHANGED.items()])
        ),
        "Sessions from a step in correlation until its regime is announced, by share of runs:",
        markdown(pd.DataFrame([_stepped(name, delays(of, runs)) for name, of in STEPS.items()])),
        "Other rules, mean changes in ten years and shares of the steps:",
        markdown(pd.DataFrame([_ruled(name, rule, runs) for name, rule in RULES.items()])),
    ]
    return "\n\n".join(parts)


def _unchanged(name: str, found: np.ndarray) -> dict[str, str]:
    return {
        "series": name,
        "mean": f"{found.mean():.2f}",
        "median": f"{np.median(found):.0f}",
        "90% have at most": f"{np.quantile(found, 0.9, method='higher'):.0f}",
        "none": _share(found == 0),
    }


def _stepped(name: str, found: np.ndarray) -> dict[str, str]:
    median = np.quantile(found, 0.5, method="higher")
    return {
        "step": name,
        "median": f"{median:.0f}" if np.isfinite(median) else "–",
        **{f"within {n}": _share(found <= n) for n in (63, 90, 126, 252)},
    }


def _ruled(name: str, rule: tuple[float, float, int], runs: int) -> dict[str, str]:
    nulls = (
        "independent, normal",
        "independent, one GARCH for both, t(5)",
        "always 0.25, normal",
        "always 0.25, one GARCH for both, t(5)",
    )
    up, down = STEPS["0 to 0.5, normal"], STEPS["0.5 to 0, normal"]
    return {
        "rule": name,
        **{null: f"{counts(UNCHANGED[null], runs, rule).mean():.2f}" for null in nulls},
        "0 to 0.5 within 126": _share(delays(up, runs, rule) <= 126),
        "0.5 to 0 within 252": _share(delays(down, runs, rule) <= 252),
    }


def _share(is_so: np.ndarray) -> str:
    return percent(float(is_so.mean()))
