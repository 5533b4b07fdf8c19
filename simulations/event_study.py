"""How often the event study finds something where there is nothing."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from analytics.breakouts import breakouts
from analytics.event_odds import Odds, odds
from analytics.event_study import entry_dates, same_era
from analytics.specification import Definition
from simulations.markets import NULLS, Null, markets, with_rallies
from simulations.report import markdown, percent

RULES = {
    "record after 126 sessions": Definition(126, 60, None),
    "126-session high after 21": Definition(21, 20, 126),
    "every 252-session high": Definition(1, 0, 252),
}
HORIZONS = (30, 90, 180, 365)
DRAWS = 1000
REVERSE = "coin breakouts before small caps"
USUAL = NULLS["same-day correlation, fat tails"]
_LEVEL = 0.05
_RUNS = 500
_DAYS = 4300


def histories(
    null: Null,
    count: int,
    *,
    rules: dict[str, Definition] = RULES,
    horizons: tuple[int, ...] = HORIZONS,
    is_reverse: bool = False,
    rally: float = 0.0,
    seed: int = 1,
) -> pd.DataFrame:
    """One row an event study with at least two events: what it rejects and which intervals hold.

    With `rally`, a log return, there is something to find: the target gains it over the longest
    horizon after every event of the first rule.
    """
    found = []
    for (small_cap,), (coin,) in markets(np.random.default_rng(seed), null, count):
        signal, target = (coin, small_cap) if is_reverse else (small_cap, coin)
        era = same_era(target, signal)
        if rally:
            events = breakouts(signal, *next(iter(rules.values()))).index
            era = with_rallies(era, events, rally, max(horizons))
        for rule, definition in rules.items():
            entries = entry_dates(era, breakouts(signal, *definition).index)
            for horizon in horizons:
                study = odds(era, entries, horizon, DRAWS)
                if len(study.after_event) > 1:
                    found.append({"rule": rule, "horizon": horizon, **_outcome(study)})
    return pd.DataFrame(found)


def _outcome(study: Odds) -> dict[str, float]:
    low, high = study.interval
    return {
        "n": len(study.after_event),
        "effective_n": study.overlap.effective_n,
        "rejects": study.p.two_sided <= _LEVEL,
        "rejects_higher": study.p.higher <= _LEVEL,
        "naive_rejects": naive_p(study.after_event, study.any_day.mean()) <= _LEVEL,
        "holds": low <= 0 <= high,
        "hit_low": study.hit_interval[0],
        "hit_high": study.hit_interval[1],
        "any_day_hit_rate": study.any_day_hit_rate,
    }


def naive_p(after: pd.Series, mean: float) -> float:
    """Two-sided p of a t-test that takes the events as independent.

    Student's t is turned into a normal deviate (Wallace 1959): good to 0.004, with two events to
    0.016.
    """
    freedom = len(after) - 1
    t = (after.mean() - mean) / (after.std() / np.sqrt(len(after)))
    z = np.sqrt(freedom * np.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return 2 * (1 - NormalDist().cdf(float(z)))


def rejection_rates(found: pd.DataFrame) -> pd.DataFrame:
    """Means by rule and horizon; ``hit_holds`` is about the hit rate of any day, over all runs."""
    cells = found.groupby(["rule", "horizon"], sort=False)
    truth = cells["any_day_hit_rate"].transform("mean")
    holds = (found["hit_low"] <= truth) & (truth <= found["hit_high"])
    cells = found.assign(hit_holds=holds).groupby(["rule", "horizon"], sort=False)
    return cells.mean().drop(columns=["hit_low", "hit_high"])


def placed(events: int, horizon: int, place: str, runs: int, seed: int = 1) -> float:
    """Share of true nulls rejected when the place of the events is given.

    Returns are independent and Student t(5). Events are "anywhere", within "two horizons", or
    near "both ends": then the first and the last are neighbours on the circle on which they are
    rotated.
    """
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2012-01-01", periods=_DAYS)
    days = np.arange(_DAYS - horizon)
    near = {
        "anywhere": days,
        "two horizons": days[: 2 * horizon],
        "both ends": np.r_[days[:60], days[-60:]],
    }[place]
    rejected = 0
    for _ in range(runs):
        close = pd.Series(np.exp(0.03 * rng.standard_t(5, _DAYS).cumsum()), dates)
        study = odds(close, dates[rng.choice(near, events, replace=False)], horizon, DRAWS)
        rejected += study.p.two_sided <= _LEVEL
    return rejected / runs


def report(runs: int = _RUNS) -> str:
    """Rejection rates at 5%, of a true null and of a false one, as Markdown."""
    rates = {name: rejection_rates(histories(null, runs)) for name, null in NULLS.items()}
    rates[REVERSE] = rejection_rates(histories(USUAL, runs, is_reverse=True))
    usual = rates["same-day correlation, fat tails"]
    parts = [
        f"{runs:,} histories of each kind, {DRAWS:,} resamples each. Of the second kind:",
        _by_rule(
            {
                "events": usual["n"].map("{:.1f}".format),
                "effective": usual["effective_n"].map("{:.1f}".format),
                "resampling rejects": usual["rejects"].map(percent),
                "naive t-test rejects": usual["naive_rejects"].map(percent),
                "interval holds": usual["holds"].map(percent),
                "hit-rate interval holds": usual["hit_holds"].map(percent),
            }
        ),
    ]
    for column, words in {
        "rejects": "Two-sided test at 5%: rejections of a true null",
        "rejects_higher": "One-sided test (higher) at 5%: rejections of a true null",
    }.items():
        parts += [f"{words}:", _by_rule({k: v[column].map(percent) for k, v in rates.items()})]
    parts += [
        f"The same by number and place of the events, two-sided, {2 * runs:,} histories each:",
        _few(2 * runs),
        "Rejections when the coin does gain more after each event of the first rule:",
        _power(runs),
    ]
    return "\n\n".join(parts)


def _by_rule(columns: dict[str, pd.Series]) -> str:
    return markdown(pd.DataFrame(columns).rename_axis(["rule", "days"]).reset_index())


def _few(runs: int) -> str:
    rows = [
        {
            "events": events,
            "days": days,
            **{
                name: percent(placed(events, days, place, runs))
                for name, place in {
                    "anywhere": "anywhere",
                    "all within two horizons": "two horizons",
                    "near both ends": "both ends",
                }.items()
            },
        }
        for events in (2, 3, 5)
        for days in (90, 365)
    ]
    return markdown(pd.DataFrame(rows))


def _power(runs: int) -> str:
    rule = dict(list(RULES.items())[:1])
    rows = []
    for gain in (0.5, 1.0, 2.0, 4.0):
        found = histories(USUAL, runs, rules=rule, horizons=(180,), rally=np.log1p(gain))
        rates = found[["rejects", "rejects_higher"]].mean().map(percent)
        rows.append([f"{gain:.0%} within 180 days", *rates])
    return markdown(pd.DataFrame(rows, columns=["gain", "two-sided", "one-sided (higher)"]))
