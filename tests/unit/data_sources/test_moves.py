"""Doubtful moves: splits nobody adjusted and wrong prices, never a crash or a rally."""

import numpy as np
import pandas as pd
import pytest

from data_sources.moves import Move, doubtful_moves, without
from simulations.moves import ASSETS, false_alarms, found, prices
from tests.unit.real_data import closes

DAYS = pd.bdate_range("2024-01-01", periods=200)


def quiet(volatility: float = 0.012, seed: int = 1) -> pd.Series:
    moves = np.random.default_rng(seed).normal(0, volatility, len(DAYS))
    return pd.Series(100 * np.exp(np.cumsum(moves)), DAYS)


@pytest.mark.parametrize(
    ("factor", "ratio"),
    [(0.5, "2:1"), (2 / 3, "3:2"), (0.1, "10:1"), (10, "1:10"), (2, "1:2"), (0.01, "100:1")],
)
@pytest.mark.parametrize("at", [12, 100, 199])
def test_an_unadjusted_split_is_found_with_its_ratio(factor: float, ratio: str, at: int) -> None:
    close = quiet()
    before, own = close.iloc[at - 1], close.iloc[at]
    close.iloc[at:] *= factor
    (move,) = doubtful_moves(close)
    assert (move.day, move.ratio, move.is_tick) == (DAYS[at], ratio, False)
    assert move.factor == pytest.approx(factor * own / before)


def test_a_wrong_price_is_found_there_and_back() -> None:
    close = quiet()
    close.iloc[100] *= 10
    assert [(one.day, one.is_tick) for one in doubtful_moves(close)] == [
        (DAYS[100], True),
        (DAYS[101], True),
    ]
    levelled = without(close, doubtful_moves(close))
    assert np.abs(np.diff(np.log(levelled))).max() < 0.05


def test_a_change_of_unit_that_is_no_split_is_found_once_later_days_are_known() -> None:
    close = quiet()
    close.iloc[100:] *= 5.3
    (move,) = doubtful_moves(close)
    assert (move.day, move.ratio) == (DAYS[100], "")
    assert doubtful_moves(close.iloc[:102]) == ()


def test_without_a_move_the_latest_closes_stay() -> None:
    close = quiet()
    close.iloc[100:] *= 10
    moves = doubtful_moves(close)
    levelled = without(close, moves)
    pd.testing.assert_series_equal(levelled.iloc[100:], close.iloc[100:])
    assert levelled.iloc[99] == pytest.approx(levelled.iloc[100])


@pytest.mark.parametrize("name", ["RUT", "IWM", "GSPC", "BTC-USD", "ETH-USD"])
def test_no_real_move_is_doubtful(name: str) -> None:
    """1987, 2008 and 2020 among them: 30,673 closes, no false alarm."""
    close = closes(name).dropna()
    assert doubtful_moves(close) == ()
    assert doubtful_moves(close.resample("W").last()) == ()


def test_a_coin_that_rises_fourfold_in_a_day_and_trembles_is_believed() -> None:
    """As Dogecoin in January 2021."""
    close = quiet(0.05)
    after = [0.0342, 0.0471, 0.0283, 0.0372, 0.0349, 0.0315, 0.0370, 0.0531, 0.0461, 0.0579]
    close.iloc[100:] = 0.0579 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.08, 100)))
    close.iloc[:100] *= 0.0075 / close.iloc[99]
    close.iloc[100:110] = after
    assert doubtful_moves(close) == ()


@pytest.mark.parametrize(
    "close",
    [
        pd.Series([1.0, 2.0], DAYS[:2]),  # too few
        pd.Series(100.0, DAYS).where(DAYS[100] > DAYS, 200.0),  # stands still
        quiet().where(DAYS[50] != DAYS, 0.0),  # no price
    ],
)
def test_what_cannot_be_judged_is_believed(close: pd.Series) -> None:
    assert doubtful_moves(close) == ()


def test_a_split_after_a_crash_hides_in_it() -> None:
    """The price of believing crashes: said in docs/numbers.md."""
    close = quiet(0.15)
    close.iloc[100:] *= 1 / 1.5
    assert Move(DAYS[100], 1 / 1.5, "3:2") not in doubtful_moves(close)


def test_false_alarms_and_detection_are_as_documented() -> None:
    for name, asset in ASSETS.items():
        made = prices(asset, 40)
        assert false_alarms(made).mean() <= 0.25, name
        assert found(made, 10.0) >= 0.85, name
    assert false_alarms(prices(ASSETS["small caps, 1.3% a day, t(5)"], 40)).sum() == 0
