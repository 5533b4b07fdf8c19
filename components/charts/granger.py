"""Granger-type regressions: whether the past of one of the pair tells of the other's next day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
from dash import html

from analytics.lead_lag import granger_tests
from components.chart import Chart, Column
from components.charts.lead_lag import BY_DAYS, era_returns
from components.plotting import day, p_digits, p_value
from components.returns import returns
from data_sources.series import Series
from view_state import ViewState

ORDERS = (1, 5, 10)
FEWEST = 10 * ORDERS[-1] + 20  # returns, as analytics.lead_lag wants them
_LEADER = {"first": "Small caps", "second": "Crypto"}
_CLOSES = {
    "nyclose": "Both returns end with New York's session: neither has seen news that the other "
    "has not.",
    "utc": "A UTC day ends 3 to 4 hours after New York's close: news of those hours is in the "
    "coin's return first, which by itself can make crypto seem to lead.",
    "": "When the coin's days end is not known: the one that closes later has seen more news, "
    "which by itself can make it seem to lead.",
}


@dataclass(frozen=True)
class Granger:
    """Table of :func:`analytics.lead_lag.granger_tests`, when the coin's day ends, and the era."""

    tests: pd.DataFrame
    days: str
    span: tuple[pd.Timestamp, pd.Timestamp]


@lru_cache(maxsize=128)
def _tested(first: Series, second: Series, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Regressions on the returns from `start` to `end`, remembered."""
    x, y = returns(first, second, "d", 0)[start:end].to_numpy().T
    return granger_tests(x, y, ORDERS)


def prepare(series: Mapping[str, Series], state: ViewState) -> Granger:
    """Test both directions in the era, by the crypto day of the view."""
    ((coin, shown),) = era_returns(series, state, FEWEST)
    span = shown.index[0], shown.index[-1]
    return Granger(_tested(series[state.pair[0]], coin, *span), coin.day_end, span)


def finding(frame: Granger, state: ViewState) -> str:
    """The smallest p-value, and what is left of it after allowing for all tests."""
    tests = frame.tests.dropna()
    if tests.empty:
        return f"Not testable: past returns of {' and '.join(state.pair)} repeat each other."
    best = tests.loc[tests["p"].idxmin()]
    adjusted = min(1.0, len(tests) * best["p"])  # Bonferroni
    leader, follower = state.pair if best["leader"] == "first" else state.pair[::-1]
    about = (
        f"{best['order']} lag{'' if best['order'] == 1 else 's'}, N = {best['n']:,}, "
        f"{_share(best['gain'])} of variance explained"
    )
    if adjusted > 0.05:
        return (
            f"No lead beyond chance: past returns of neither {leader} nor {follower}"
            f"{BY_DAYS[frame.days]} improve a forecast of the other (smallest p of {len(tests)} "
            f"tests {p_digits(best['p'])}, {p_digits(adjusted)} after allowing for all of them; "
            f"{leader} leading, {about})."
        )
    text = (
        f"Beyond chance: past returns of {leader} improve a linear forecast of {follower}"
        f"{BY_DAYS[frame.days]} ({p_value(adjusted)} after allowing for all {len(tests)} tests; "
        f"{about})."
    )
    if frame.days == "utc" and best["leader"] == "second":
        return f"{text} The later end of a UTC day by itself can make that."
    return text


def _share(fraction: float) -> str:
    return f"{fraction:.2%}"


def details(frame: Granger, _state: ViewState) -> list[Any]:
    """The table, and what it cannot show."""
    known = int(frame.tests["p"].count())
    headings = ("Who leads", "Lags", "N", "χ²", "p", f"p × {known}", "Gain", "chance")
    rows = [
        html.Tr(
            [
                html.Th(_LEADER[test.leader], scope="row"),
                *(html.Td(text) for text in _cells(test, known)),
            ]
        )
        for test in frame.tests.itertuples()
    ]
    start, end = frame.span
    return [
        html.Div(
            html.Table(
                [
                    html.Caption(
                        f"Daily log returns{BY_DAYS[frame.days]}, {day(start)} to {day(end)}; "
                        "errors robust to changing volatility and autocorrelation (HAC)"
                    ),
                    html.Thead(html.Tr([html.Th(name, scope="col") for name in headings])),
                    html.Tbody(rows),
                ]
            ),
            className="table-scroll",
            tabIndex=0,
        ),
        html.Ul(
            [
                html.Li("A better forecast is not a cause: a third thing may move both."),
                html.Li(_CLOSES[frame.days]),
                html.Li(
                    f"Several tests: without any lead, about one such table in four holds a p "
                    f"below 0.05. p × {known} allows for that (Bonferroni)."
                ),
                html.Li(
                    "Gain is the share of variance the leader's past explains in the sample, "
                    "beyond the follower's own; useless lags gain what stands under “chance”."
                ),
            ],
            className="caveats",
        ),
    ]


def _cells(test: Any, tests: int) -> list[str]:
    counted, by_chance = [f"{test.order}", f"{test.n:,}"], _share(test.order / test.n)
    if pd.isna(test.p):
        return [*counted, "–", "–", "–", "–", by_chance]
    p, adjusted = p_digits(test.p), p_digits(min(1.0, tests * test.p))
    return [*counted, f"{test.statistic:.1f}", p, adjusted, _share(test.gain), by_chance]


def table(frame: Granger) -> pd.DataFrame:
    """One row a direction and number of lags."""
    named = frame.tests.assign(leader=frame.tests["leader"].map(_LEADER))
    return named.rename(columns={"order": "lags"}).set_index(["leader", "lags"])


CHART = Chart(
    id="granger",
    title="Granger-type regressions",
    prepare=prepare,
    figure=None,
    finding=finding,
    table=table,
    of=("returns",),
    columns=(
        Column("leader", "text", "Whose past returns are tested: Small caps or Crypto"),
        Column("lags", "integer", "Past returns of each in the regression, sessions"),
        Column("n", "integer", "Rows of the regression"),
        Column("bandwidth", "integer", "Autocovariances in the Newey-West covariance; 0: White's"),
        Column("statistic", "number", "Score statistic, chi-squared with as many degrees as lags"),
        Column("p", "number", "p-value of this test alone, 0 to 1"),
        Column(
            "gain",
            "number",
            "Share of the follower's residual variance that the leader's past explains in the "
            "sample, a fraction",
        ),
    ),
    definition=(
        "Whether past returns of one of the pair improve a linear forecast of the other's next "
        "daily log return from its own past (Granger): a score test that the coefficients of the "
        "leader's last 1, 5 or 10 returns are jointly 0, robust to changing volatility and "
        "autocorrelation (Newey and West, bandwidth of Andrews). p is not adjusted for the number "
        "of tests."
    ),
    details=details,
    page="/lead-lag",
)
