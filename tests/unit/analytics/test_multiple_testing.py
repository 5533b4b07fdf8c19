"""False discovery rates by resampling: by hand, by definition, and on tests that depend."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analytics.multiple_testing import resampled_false_discovery_rates as adjusted

# Three tests in four resamples.
NULL = np.array([[0.01, 0.3, 0.7, 0.02], [0.5, 0.2, 0.6, 0.1], [0.9, 0.8, 0.5, 0.4]])


def test_adjusted_by_hand() -> None:
    """At 0.01 chance has 1, 0, 0, 0; at 0.2 it has 1, 1, 0, 2 and at 0.6 it has 2, 2, 2, 3."""
    # The one found is no more than chance has at most: a resample in four has as much. Of the two
    # at 0.2 and the three at 0.6 none is beyond chance's most.
    assert adjusted(np.array([0.01, 0.2, 0.6]), NULL) == pytest.approx([0.25, 0.75, 1])
    # Two at 0.015, where chance has 1, 0, 0, 0: one is taken for true, 1 / (1 + 1) / 4.
    assert adjusted(np.array([0.015, 0.6, 0.015]), NULL) == pytest.approx([0.125, 1, 0.125])


def test_what_chance_never_does_is_no_false_discovery() -> None:
    assert adjusted(np.array([0.001, 0.9, 0.9]), NULL).tolist() == [0, 1, 1]


def test_what_was_not_tested_does_not_count() -> None:
    p, null = np.array([np.nan, 0.2, 0.01, np.nan, 0.6]), np.full((5, 4), np.nan)
    null[[2, 1, 4]] = NULL
    assert adjusted(p, null) == pytest.approx([np.nan, 0.75, 0.25, np.nan, 1], nan_ok=True)
    assert np.isnan(adjusted(np.full(3, np.nan), np.full((3, 4), np.nan))).all()
    assert adjusted(np.array([]), np.empty((0, 4))).shape == (0,)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(1, 99).map(lambda k: k / 100), min_size=1, max_size=12))
def test_a_smaller_p_is_never_adjusted_to_more(p: list[float]) -> None:
    null = np.random.default_rng(len(p)).random((len(p), 50)).round(2)
    found = adjusted(np.array(p), null)[np.argsort(p)]
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def two_sided(z: np.ndarray) -> np.ndarray:
    return 2 * norm.sf(np.abs(z))


def test_the_level_holds_for_tests_that_err_together_and_power_is_left() -> None:
    """60 two-sided tests in three blocks that correlate by 0.8; then one block has an effect."""
    rng = np.random.default_rng(4)

    def draw(count: int) -> np.ndarray:
        shared = np.repeat(rng.standard_normal((count, 3)), 20, axis=1)
        return np.sqrt(0.8) * shared + np.sqrt(0.2) * rng.standard_normal((count, 60))

    null = two_sided(draw(500)).T
    effect = np.repeat([4.0, 0, 0], 20)
    nothing, something = (
        np.array([adjusted(two_sided(z), null) <= 0.05 for z in draw(300) + shift])
        for shift in (0, effect)
    )
    # With nothing to find every discovery is false: 5%, and two standard errors of 300 runs.
    assert nothing.any(axis=1).mean() <= 0.05 + 2 * 0.0126
    false, found = something[:, 20:].sum(axis=1), something.sum(axis=1)
    assert np.mean(false / np.maximum(found, 1)) <= 0.05 + 2 * 0.0126
    assert something[:, :20].mean() > 0.8
