"""How often lead-lag statistics find a lead that is not there, and miss one that is.

Small runs of :mod:`simulations.lead_lag`, whose full size docs/simulations.md tabulates.
"""

import numpy as np
import pytest

from simulations.lead_lag import LEAD_OF_3, NO_LEAD, bands, granger_size
from simulations.returns import GARCH, IID, LIKELY, SHARED

SAME_DAY_GARCH = NO_LEAD["same day 0.5, GARCH"]


def test_at_most_5_percent_of_unrelated_pairs_leave_the_simultaneous_band() -> None:
    """Of 250 in all and of 50 of a kind, up to two and three standard errors."""
    designs = (IID, GARCH, SAME_DAY_GARCH, SHARED, LIKELY)
    found = [bands(design, 50, 300, seed=seed) for seed, design in enumerate(designs)]
    beyond = [of.beyond for of in found]
    assert np.mean(beyond) <= 0.05 + 2 * 0.0138
    assert max(beyond) <= 0.05 + 3 * 0.0308
    assert np.mean([of.pointwise for of in found]) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    ("name", "naive"),
    [
        ("the same with autocorrelations −0.10 and −0.05", 0.25),
        # Autocorrelations of 0.3 carry a same-day correlation of 0.5 over to neighbouring lags.
        ("same day 0.5, autocorrelations 0.3", 0.9),
    ],
)
def test_a_band_for_independent_returns_is_left_far_more_often(name: str, naive: float) -> None:
    found = bands(NO_LEAD[name], 40, 1000, 99)
    assert found.naive >= naive
    assert found.beyond <= 0.05 + 3 * 0.0345


@pytest.mark.parametrize("name", ["normal", "GARCH", "same day 0.5, GARCH"])
def test_a_lead_of_three_sessions_is_found(name: str) -> None:
    found = bands(LEAD_OF_3[name], 12, 2000, 99)
    assert found.lead >= 0.9
    assert found.elsewhere <= 0.2


def test_regressions_on_the_past_reject_a_true_null_3_to_7_percent_of_the_time() -> None:
    """Over 640 series, whose standard error is 0.9 percentage points."""
    designs = (IID, GARCH, SAME_DAY_GARCH, LIKELY)
    found = [granger_size(design, 160, 500, seed=seed) for seed, design in enumerate(designs)]
    for order in found[0]:
        assert 0.03 <= np.mean([shares[order] for shares in found]) <= 0.07
