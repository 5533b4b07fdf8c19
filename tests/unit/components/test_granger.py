"""Regressions on the past: the table's numbers, the finding and the caveats."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from math import erfc, sqrt

import numpy as np
import pytest

from components.chart import at_new_york, render
from components.charts.granger import CHART
from data_sources.series import Series
from tests.unit.components.test_lead_lag_chart import (
    UNRELATED,
    UNRELATED_RETURNS,
    X,
    follower,
    later,
    noise,
    prices,
    series_of,
    utc_only,
)
from tests.unit.real_data import closes
from view_state import ViewState

VIEW = ViewState()
LEADING = {"RUT": prices("RUT", X), "BTC": prices("BTC", follower(X, {2: 0.5}))}


def said(series: Mapping[str, Series], state: ViewState = VIEW) -> str:
    return CHART.finding(CHART.prepare(series, state), state)


def texts(part: object) -> list[str]:
    """Every piece of text of a component, in order."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, list | tuple):
        return [text for one in part for text in texts(one)]
    return texts(part.children) if getattr(part, "children", None) is not None else []


def shown(series: Mapping[str, Series], state: ViewState = VIEW) -> tuple[list[list[str]], str]:
    """Rows of the table as text, and the caveats."""
    body, caveats = CHART.details(CHART.prepare(series, state), state)
    _, _, rows = body.children.children
    return [texts(row) for row in rows.children], " ".join(texts(caveats))


def share_explained(x: np.ndarray, y: np.ndarray) -> float:
    """How much one lag of x takes off the residual variance of y on its own last value."""

    def squares(columns: list[np.ndarray]) -> float:
        design = np.column_stack([np.ones(len(y) - 1), *columns])
        return np.linalg.lstsq(design, y[1:], rcond=None)[1][0]

    return 1 - squares([y[:-1], x[:-1]]) / squares([y[:-1]])


def robust_statistic(x: np.ndarray, y: np.ndarray) -> float:
    """Score statistic of one lag with White's covariance, for returns without memory."""
    own = np.column_stack([np.ones(len(y) - 1), y[:-1]])

    def left(values: np.ndarray) -> np.ndarray:
        return values - own @ np.linalg.lstsq(own, values, rcond=None)[0]

    scores = left(x[:-1]) * left(y[1:])
    return scores.sum() ** 2 / (scores**2).sum()


def test_a_row_of_one_lag_by_hand() -> None:
    x, y = UNRELATED_RETURNS
    rows, _ = shown(UNRELATED)
    for row, (leader, follows) in ((rows[0], (x, y)), (rows[3], (y, x))):
        statistic = robust_statistic(leader, follows)
        p = erfc(sqrt(statistic / 2))
        assert row[1:4] == ["1", "999", f"{statistic:.1f}"]
        assert row[4:6] == [f"{p:.2f}", f"{min(1, 6 * p):.2f}"]
        assert row[6:] == [f"{share_explained(leader, follows):.2%}", f"{1 / 999:.2%}"]


def test_rows_are_both_directions_at_three_orders() -> None:
    rows, _ = shown(UNRELATED)
    assert [row[:3] for row in rows] == [
        [leader, lags, n]
        for leader in ("Small caps", "Crypto")
        for lags, n in (("1", "999"), ("5", "995"), ("10", "990"))
    ]


def test_no_lead_beyond_chance() -> None:
    tests = CHART.prepare(UNRELATED, VIEW).tests
    best = tests.loc[tests["p"].idxmin()]
    leader = {"first": "RUT", "second": "BTC"}[best["leader"]]
    other = {"RUT": "BTC", "BTC": "RUT"}[leader]
    lags = f"{best['order']} lag{'s' if best['order'] > 1 else ''}"
    assert said(UNRELATED) == (
        f"No lead beyond chance: past returns of neither {leader} nor {other} improve a forecast "
        f"of the other (smallest p of 6 tests {best['p']:.2f}, {min(1, 6 * best['p']):.2f} after "
        f"allowing for all of them; {leader} leading, {lags}, N = {best['n']}, "
        f"{best['gain']:.2%} of variance explained)."
    )


def test_a_small_p_that_is_one_of_six_is_no_lead() -> None:
    series = {"RUT": prices("RUT", X), "BTC": prices("BTC", follower(X, {1: 0.05}))}
    tests = CHART.prepare(series, VIEW).tests
    assert tests["p"].min() < 0.05 < 6 * tests["p"].min()
    assert said(series).startswith("No lead beyond chance: ")
    assert f"p of 6 tests {tests['p'].min():.3f}, 0." in said(series)


def test_a_lead_says_whose_and_by_how_much() -> None:
    text = said(LEADING)
    assert text.startswith(
        "Beyond chance: past returns of RUT improve a linear forecast of BTC (p < 0.001 after "
        "allowing for all 6 tests; 5 lags, N = 995, "
    )
    rows, _ = shown(LEADING)
    assert rows[1][4:6] == ["< 0.001", "< 0.001"]


def test_a_lead_of_crypto_by_utc_days_may_be_their_later_end() -> None:
    blame = " The later end of a UTC day by itself can make that."
    text = said(utc_only(later()))
    assert text.startswith(
        "Beyond chance: past returns of BTC improve a linear forecast of RUT by UTC days"
    )
    assert text.endswith(blame)
    mine = LEADING | {"BTC": prices("BTC", follower(X, {2: 0.5}), "utc")}
    assert blame not in said(mine)


@pytest.mark.parametrize(
    ("day_end", "caveat"),
    [
        ("nyclose", "Both returns end with New York's session"),
        ("utc", "A UTC day ends 3 to 4 hours after New York's close"),
        ("", "When the coin's days end is not known"),
    ],
)
def test_the_caveat_of_the_closing_times_is_that_of_the_data(day_end: str, caveat: str) -> None:
    _, caveats = shown(UNRELATED | {"BTC": prices("BTC", noise(1000, seed=2), day_end)})
    assert caveat in caveats
    assert caveats.count("New York") <= 1
    assert "not a cause" in caveats
    assert "p × 6 allows for that" in caveats


def test_at_new_york_closes_the_same_news_is_no_lead() -> None:
    series = later()
    text = said({"RUT": series["RUT"], "BTC": series[at_new_york("BTC")]})
    assert text.startswith("No lead beyond chance: ")
    assert " at New York closes improve" in text


def test_only_the_era_counts() -> None:
    state = replace(VIEW, span=(date(2019, 1, 1), date(2019, 12, 31)))
    rows, _ = shown(UNRELATED, state)
    assert [row[2] for row in rows[:3]] == ["260", "256", "251"]
    until = {i: series_of(i, one.close[:"2020-02-01"]) for i, one in UNRELATED.items()}
    assert said(until, state) == said(UNRELATED, state)


def test_what_repeats_the_other_is_not_testable() -> None:
    """A coin that is the small cap: its past adds nothing that the own past has not."""
    series = {"RUT": prices("RUT", X), "BTC": prices("BTC", X)}
    assert said(series) == "Not testable: past returns of RUT and BTC repeat each other."
    rows, _ = shown(series)
    assert rows[0] == ["Small caps", "1", "999", "–", "–", "–", "–", "0.10%"]


def test_too_few_returns_ask_for_a_longer_era() -> None:
    short = {i: series_of(i, one.close[:120]) for i, one in UNRELATED.items()}
    drawn = render(CHART, short, VIEW)
    assert drawn.message == (
        "RUT and BTC share 119 daily returns in the chosen dates; at least 120 are needed. "
        "Choose a longer era."
    )
    enough = {i: series_of(i, one.close[:121]) for i, one in UNRELATED.items()}
    assert render(CHART, enough, VIEW).status == "ready"


def test_the_file_holds_what_the_table_shows_unrounded() -> None:
    frame = CHART.prepare(UNRELATED, VIEW)
    table = CHART.table(frame)
    assert table.index.names == ["leader", "lags"]
    assert table.loc[("Crypto", 5), "p"] == frame.tests["p"][4]
    assert {"n", "bandwidth", "statistic", "p", "gain"} == set(table.columns)


def test_real_small_caps_and_bitcoin_do_not_forecast_each_other() -> None:
    series = {
        "RUT": series_of("RUT", closes("RUT")),
        "BTC": series_of("BTC", closes("BTC-USD"), "utc"),
    }
    assert said(series, ViewState(span=(None, date(2026, 8, 21)))) == (
        "No lead beyond chance: past returns of neither RUT nor BTC by UTC days improve a forecast "
        "of the other (smallest p of 6 tests 0.12, 0.73 after allowing for all of them; RUT "
        "leading, 5 lags, N = 2,994, 0.33% of variance explained)."
    )
