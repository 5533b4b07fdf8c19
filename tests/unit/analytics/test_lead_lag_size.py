"""How often lead-lag statistics find a lead that is not there, and miss one that is.

Small runs of :mod:`simulations.lead_lag`, whose full size docs/numbers.md tabulates.
"""

import pytest

from simulations.lead_lag import (
    CORRELATED,
    GARCH,
    IID,
    LEAD_OF_3,
    LIKELY,
    NO_LEAD,
    SHARED,
    bands,
    granger_size,
    interval_coverage,
)

SAME_DAY_GARCH = NO_LEAD["same day 0.5, GARCH"]


@pytest.mark.parametrize("design", [IID, GARCH, SAME_DAY_GARCH, SHARED, LIKELY])
def test_at_most_5_percent_of_unrelated_pairs_leave_the_simultaneous_band(design) -> None:
    """Up to the noise of 200 runs: two standard errors are 3 percentage points."""
    found = bands(design, 200, 500, 199)
    assert found.beyond <= 0.08
    assert 0.93 <= found.pointwise <= 0.97
    if not design.rho:
        assert found.beyond_or_0 <= 0.08


def test_a_band_for_independent_returns_is_left_far_more_often() -> None:
    found = bands(LIKELY, 100, 1500, 99)
    assert found.naive >= 0.3
    assert found.beyond <= 0.10


def test_memory_and_a_shared_day_do_not_make_a_lead() -> None:
    """Autocorrelations of 0.3 carry a same-day correlation of 0.5 over to neighbouring lags."""
    found = bands(NO_LEAD["same day 0.5, autocorrelations 0.3"], 100, 1500, 99)
    assert found.naive >= 0.9
    assert found.beyond <= 0.10


@pytest.mark.parametrize("name", ["normal", "GARCH", "same day 0.5, GARCH"])
def test_a_lead_of_three_sessions_is_found(name: str) -> None:
    found = bands(LEAD_OF_3[name], 20, 2500, 199)
    assert found.lead >= 0.95
    assert found.elsewhere <= 0.15


@pytest.mark.parametrize("design", [IID, GARCH, SAME_DAY_GARCH, LIKELY])
def test_regressions_on_the_past_reject_a_true_null_3_to_7_percent_of_the_time(design) -> None:
    for share in granger_size(design, 500, 1000):
        assert 0.03 <= share <= 0.07


@pytest.mark.parametrize("name", CORRELATED)
def test_95_percent_intervals_of_a_correlation_hold_it(name: str) -> None:
    """Least where returns themselves have memory."""
    fisher, bootstrap = interval_coverage(CORRELATED[name], 1000, 90, 199)
    remembers = CORRELATED[name].block or any(CORRELATED[name].memory)
    assert (0.90 if remembers else 0.93) <= bootstrap <= 0.97
    if name == "GARCH, one for both, t(5)":
        assert fisher < 0.88
