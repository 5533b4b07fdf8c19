"""How often the event study finds something where there is nothing, and where there is.

Smaller runs of `python -m simulations event-study`, whose tables the documents show.
"""

import numpy as np
import pandas as pd
import pytest

from simulations.event_study import RULES, naive_p, rejection_rates, runs
from simulations.markets import NULLS

USUAL = NULLS["same-day correlation, fat tails"]
FEW, EVERY = "record after 126 sessions", "every 252-session high"


@pytest.fixture(scope="module")
def rates() -> pd.DataFrame:
    rules = {name: RULES[name] for name in (FEW, EVERY)}
    return rejection_rates(runs(USUAL, 300, rules=rules, horizons=(90, 180)))


def test_a_true_null_is_rejected_5_percent_of_the_time(rates: pd.DataFrame) -> None:
    assert rates["rejects"].between(0.03, 0.07).all()
    assert rates["holds"].between(0.93, 0.97).all()


def test_a_naive_t_test_on_every_high_rejects_most_true_nulls(rates: pd.DataFrame) -> None:
    assert rates.loc[(EVERY, 180), "naive_rejects"] > 0.5


def test_the_interval_of_the_hit_rate_is_no_narrower_than_it_says(rates: pd.DataFrame) -> None:
    assert (rates["hit_holds"] > 0.93).all()


def test_in_reverse_a_true_null_is_rejected_5_percent_of_the_time() -> None:
    found = runs(USUAL, 200, rules={FEW: RULES[FEW]}, horizons=(30, 180), is_reverse=True)
    assert found["rejects"].mean() == pytest.approx(0.05, abs=0.02)


def test_a_rally_after_every_breakout_is_found_more_often_than_chance() -> None:
    found = runs(USUAL, 100, rules={FEW: RULES[FEW]}, horizons=(90,), rally=np.log(3))
    assert found["rejects_higher"].mean() > 0.4


def test_the_naive_test_is_students() -> None:
    """3.182 is the 97.5% point of t with 3 degrees of freedom."""
    values = pd.Series([-1.0, -1.0, 1.0, 1.0])
    error = values.std() / 2
    assert naive_p(values + 3.182 * error, 0) == pytest.approx(0.05, abs=0.002)
    assert naive_p(values, 0) == pytest.approx(1)
