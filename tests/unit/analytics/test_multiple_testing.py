"""Benjamini & Hochberg's adjustment, against their own example and their own words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analytics.multiple_testing import benjamini_hochberg

# Benjamini & Hochberg (1995), section 4: thrombolysis in 15 comparisons.
PUBLISHED = np.array(
    [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]
)  # fmt: skip
p_values = st.lists(st.integers(0, 1000).map(lambda k: k / 1000), max_size=30).map(np.array)


def test_the_published_example_rejects_the_first_four() -> None:
    assert np.flatnonzero(benjamini_hochberg(PUBLISHED) <= 0.05).tolist() == [0, 1, 2, 3]


def test_adjusted_by_hand() -> None:
    found = benjamini_hochberg(np.array([0.04, 0.01, 0.03, 0.5]))
    assert found == pytest.approx([0.16 / 3, 0.04, 0.16 / 3, 0.5])


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(p_values.filter(len), st.sampled_from([0.01, 0.05, 0.1, 0.5]))
def test_discoveries_are_those_of_the_step_up_procedure(p: np.ndarray, level: float) -> None:
    """The k smallest, for the largest k whose k-th p is at most k / m of the level."""
    ordered = np.sort(p)
    passes = np.flatnonzero(ordered * len(p) <= level * np.arange(1, len(p) + 1) + 1e-12)
    threshold = ordered[passes[-1]] if len(passes) else -1
    found = benjamini_hochberg(p) <= level + 1e-12
    assert found.tolist() == (p <= threshold).tolist()


@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@given(p_values.filter(len))
def test_adjusted_values_are_those_of_statsmodels(p: np.ndarray) -> None:
    expected = multipletests(p, method="fdr_bh")[1]
    np.testing.assert_allclose(benjamini_hochberg(p), expected, rtol=1e-12)


def test_what_was_not_tested_does_not_count() -> None:
    p = np.array([np.nan, 0.02, np.nan, 0.04])
    np.testing.assert_allclose(benjamini_hochberg(p), [np.nan, 0.04, np.nan, 0.04])
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()
    assert benjamini_hochberg(np.array([])).shape == (0,)
