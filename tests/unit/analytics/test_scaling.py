"""Scales that let an index and a coin share one chart."""

import numpy as np
import pandas as pd
import pytest

from analytics.scaling import drawdown, rebased, z_score

CLOSE = pd.Series(
    [50.0, 100.0, 25.0, 200.0], pd.bdate_range("2024-01-04", periods=4)
)  # from a Thursday


def test_rebased_is_100_on_the_day() -> None:
    assert rebased(CLOSE, pd.Timestamp("2024-01-05")).tolist() == [50, 100, 25, 200]
    assert rebased(CLOSE, pd.Timestamp("2024-01-04")).tolist() == [100, 200, 50, 400]


def test_rebased_on_a_closed_day_is_100_on_the_next() -> None:
    assert rebased(CLOSE, pd.Timestamp("2024-01-06")).tolist() == [200, 400, 100, 800]


def test_z_score_is_in_standard_deviations_of_the_log() -> None:
    """Logs base 2 of 50, 100, 25, 200 are 1, 2, 0, 3 above that of 25: mean 1.5, variance 5/3."""
    expected = np.array([-0.5, 0.5, -1.5, 1.5]) / np.sqrt(5 / 3)
    assert z_score(CLOSE).tolist() == pytest.approx(expected)


def test_z_score_does_not_see_the_currency() -> None:
    pd.testing.assert_series_equal(z_score(CLOSE * 150), z_score(CLOSE))


@pytest.mark.parametrize("value", [1.0, 3.3, 0.07, 41_234.56])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_z_score_of_a_constant_is_undefined(value: float, n: int) -> None:
    assert z_score(pd.Series([value] * n)).isna().all()


def test_drawdown_is_the_distance_below_the_highest_close_so_far() -> None:
    assert drawdown(CLOSE).tolist() == [0, 0, -0.75, 0]


def test_drawdown_does_not_know_the_future() -> None:
    assert drawdown(CLOSE[:3]).tolist() == drawdown(CLOSE)[:3].tolist()
