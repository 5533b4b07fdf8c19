"""How often the event study finds something where there is nothing, and where there is.

Smaller runs of `python -m simulations event-study`, whose tables the documents show.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from simulations.event_study import RULES, histories, naive_p, placed, rejection_rates
from simulations.markets import NULLS

USUAL = NULLS["same-day correlation, fat tails"]
FEW, EVERY = "record after 126 sessions", "every 252-session high"


@pytest.fixture(scope="module")
def few() -> pd.DataFrame:
    rules = {FEW: RULES[FEW]}
    return rejection_rates(histories(USUAL, 300, rules=rules, horizons=(90, 180)))


@pytest.fixture(scope="module")
def every() -> pd.DataFrame:
    rules = {EVERY: RULES[EVERY]}
    return rejection_rates(histories(USUAL, 100, rules=rules, horizons=(180,)))


def test_a_true_null_is_rejected_5_percent_of_the_time(few: pd.DataFrame) -> None:
    """Of 300 histories, whose standard error is 1.3 percentage points."""
    assert few["rejects"].between(0.03, 0.07).all()
    assert few["holds"].between(0.93, 0.97).all()
    assert (few["hit_holds"] > 0.93).all()


def test_a_naive_t_test_on_every_high_rejects_most_true_nulls(every: pd.DataFrame) -> None:
    assert (every["naive_rejects"] > 0.45).all()
    assert (every["rejects"] <= 0.05 + 3 * 0.022).all()
    assert (every["hit_holds"] > 0.93).all()


def test_in_reverse_a_true_null_is_rejected_5_percent_of_the_time() -> None:
    found = histories(USUAL, 120, rules={FEW: RULES[FEW]}, horizons=(30, 180), is_reverse=True)
    assert found["rejects"].mean() == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize(("place", "most"), [("anywhere", 0.08), ("both ends", 0.06)])
def test_two_or_three_events_at_the_ends_of_the_era_reject_no_more(place: str, most: float) -> None:
    """Near both ends they are neighbours on the circle: fewer rejections, never more."""
    assert np.mean([placed(events, 180, place, 80) for events in (2, 3)]) <= most


def test_a_rally_after_every_breakout_is_found_more_often_than_chance() -> None:
    found = histories(USUAL, 60, rules={FEW: RULES[FEW]}, horizons=(90,), rally=np.log(3))
    assert found["rejects_higher"].mean() > 0.4


@pytest.mark.parametrize(("n", "error"), [(2, 0.016), (3, 0.004), (5, 0.002), (40, 0.001)])
def test_the_naive_test_is_students(n: int, error: float) -> None:
    values = np.random.default_rng(1).normal(size=n)
    for mean in (0, 1, 3):
        expected = ttest_1samp(values, mean).pvalue
        assert naive_p(pd.Series(values), mean) == pytest.approx(expected, abs=error)
