"""Rolling correlations against exact arithmetic, and the contract every kernel shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.correlation import (
    ewma_correlation,
    ewma_lambda,
    percentile_of_last,
    rolling_correlation,
    rolling_pearson,
    rolling_pearson_surface,
    rolling_spearman,
)
from tests.unit.analytics import exact_correlation as exact

METHODS = ["pearson", "spearman", "ewma"]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)
examples = settings(max_examples=25, derandomize=True, deadline=None, database=None)

# A grid of a basis point: coarse enough for ties, fine enough for returns.
basis_points = st.integers(-2000, 2000).map(lambda n: n / 10_000)
ordinary = st.lists(basis_points, min_size=1, max_size=12)
constant = st.builds(lambda value, n: [value] * n, basis_points, st.integers(1, 12))
tied = st.lists(st.sampled_from([-0.01, 0.0, 0.01]), min_size=1, max_size=12)
outlier = st.sampled_from([[1e3], [-1e3]])
gap = st.integers(1, 3).map(lambda n: [np.nan] * n)
tiny = st.builds(
    lambda level, steps: [level + step * 1e-9 for step in steps],
    basis_points,
    st.lists(st.integers(-9, 9), min_size=1, max_size=12),
)


@st.composite
def pairs(draw, *stretches) -> tuple[np.ndarray, np.ndarray]:
    """Two series of up to 40 observations, each put together from stretches."""
    stretch = st.one_of(*(stretches or (ordinary, constant, tied, outlier, gap, tiny)))
    one = st.lists(stretch, min_size=1, max_size=8).map(lambda parts: np.concatenate(parts)[:40])
    x, y = draw(one), draw(one)
    n = min(len(x), len(y))
    return x[:n], y[:n]


windows = st.integers(2, 44)


def level_over_spread(values: np.ndarray, window: int) -> np.ndarray:
    """Distance of each window's mean from the series' median, in its own standard deviations."""
    result = np.ones(len(values))
    for end in range(window, len(values) + 1):
        part = values[end - window : end]
        if not np.isnan(part).any() and np.ptp(part) > 0:
            result[end - 1] = abs(part.mean() - np.nanmedian(values)) / part.std()
    return result


@examples
@given(pairs(), windows)
def test_pearson_is_exact(pair, window: int) -> None:
    """To 1e-12, less the digits a spread far smaller than the level costs any float."""
    x, y = pair
    missing = np.isnan(x) | np.isnan(y)
    x, y = np.where(missing, np.nan, x), np.where(missing, np.nan, y)
    found, expected = rolling_pearson(x, y, window), exact.rolling_pearson(x, y, window)
    lost = level_over_spread(x, window) + level_over_spread(y, window)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert (np.abs(found - expected) <= 1e-12 + 1e-15 * lost)[~np.isnan(expected)].all()


@examples
@given(pairs(), windows)
def test_spearman_is_exact(pair, window: int) -> None:
    found = rolling_spearman(*pair, window)
    np.testing.assert_allclose(found, exact.rolling_spearman(*pair, window), rtol=0, atol=1e-12)


@examples
@given(pairs(), windows)
def test_ewma_is_exact(pair, window: int) -> None:
    found = ewma_correlation(*pair, window)
    np.testing.assert_allclose(found, exact.ewma_correlation(*pair, window), rtol=0, atol=1e-12)


@EVERY_METHOD
@pytest.mark.parametrize("outlier", [1.0, 1e6, 1e12])
def test_nothing_is_left_of_an_outlier_once_it_has_left_the_window(
    method: str, outlier: float
) -> None:
    """A running sum would be wrong for good; EWMA forgets by decay, exactly as defined."""
    x, y = np.random.default_rng(1).normal(0, 0.02, (2, 400))
    x[100] = y[150] = outlier
    found = rolling_correlation(x, y, 30, method)
    np.testing.assert_allclose(found, exact.KERNELS[method](x, y, 30), rtol=0, atol=1e-12)


@EVERY_METHOD
@pytest.mark.parametrize("scale", [1e-9, 1e-30, 1e30])
def test_tiny_and_huge_variance_lose_no_digits(method: str, scale: float) -> None:
    x, y = np.random.default_rng(2).normal(0, scale, (2, 200))
    found = rolling_correlation(x, y, 20, method)
    np.testing.assert_allclose(found, exact.KERNELS[method](x, y, 20), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_no_scale_is_too_small_or_too_large_to_square(method: str, scale: float) -> None:
    x, y = np.random.default_rng(2).normal(0, scale, (2, 60))
    found = rolling_correlation(x, y, 20, method)
    np.testing.assert_allclose(found, exact.KERNELS[method](x, y, 20), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_a_level_far_above_the_spread_costs_no_digits(method: str) -> None:
    x, y = 1 + np.random.default_rng(9).normal(0, 1e-8, (2, 200))
    found = rolling_correlation(x, y, 20, method)
    np.testing.assert_allclose(found, exact.KERNELS[method](x, y, 20), rtol=0, atol=1e-12)


def test_pearson_of_a_quiet_stretch_within_a_lively_series() -> None:
    """A stretch whose spread is a millionth of its level keeps nine digits."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(0, 0.02, (2, 300))
    x[100:200] = 0.01 + rng.normal(0, 1e-8, 100)
    found = rolling_pearson(x, y, 30)
    np.testing.assert_allclose(found, exact.rolling_pearson(x, y, 30), rtol=0, atol=1e-9)


@EVERY_METHOD
def test_a_gap_leaves_no_trace_behind_it(method: str) -> None:
    """Whole windows after the gap equal those of the data after the gap alone."""
    x, y = np.random.default_rng(4).normal(size=(2, 60))
    x[20:23] = np.nan
    found = rolling_correlation(x, y, 10, method)[32:]
    if method == "ewma":  # has no window: the missing pairs are simply not there
        kept = ~np.isnan(x)
        expected = rolling_correlation(x[kept], y[kept], 10, method)[29:]
    else:
        expected = rolling_correlation(x[23:], y[23:], 10, method)[9:]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_undefined_windows_of_pearson_and_spearman_are_blank() -> None:
    x = np.array([1.0, 2.0, 3.0, 3.0, 3.0, 4.0, np.nan, 5.0, 6.0, 7.0])
    y = np.array([2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 4.0])
    blank = [True, True, False, False, True, False, True, True, True, False]
    for kernel in (rolling_pearson, rolling_spearman):
        assert np.isnan(kernel(x, y, 3)).tolist() == blank
        assert np.isnan(kernel(y, x, 3)).tolist() == blank


def test_undefined_ewma_is_blank() -> None:
    """While warming up, at a missing pair, and until both series have moved."""
    x = np.array([0.0, 0.0, 0.0, np.nan, 0.0, 1.0, 0.0, np.nan, 2.0])
    y = np.array([1.0, np.nan, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    blank = [True, True, True, True, True, False, False, True, False]
    assert np.isnan(ewma_correlation(x, y, 3)).tolist() == blank


@examples
@given(pairs(constant, tied, gap), windows)
def test_pearson_is_blank_exactly_where_a_window_is_incomplete_or_constant(
    pair, window: int
) -> None:
    x, y = pair
    for kernel in (rolling_pearson, rolling_spearman):
        for end, value in enumerate(kernel(x, y, window), start=1):
            in_x, in_y = x[max(end - window, 0) : end], y[max(end - window, 0) : end]
            defined = (
                end >= window
                and not np.isnan([in_x, in_y]).any()
                and len(set(in_x)) > 1
                and len(set(in_y)) > 1
            )
            assert np.isnan(value) != defined


@EVERY_METHOD
@pytest.mark.parametrize("n", [0, 1, 4])
def test_a_window_longer_than_the_data_is_blank_throughout(method: str, n: int) -> None:
    values = np.arange(n, dtype=float)
    found = rolling_correlation(values, values, 5, method)
    assert len(found) == n
    assert np.isnan(found).all()


@EVERY_METHOD
def test_nothing_but_gaps_is_blank_throughout(method: str) -> None:
    assert np.isnan(rolling_correlation(np.full(9, np.nan), np.arange(9.0), 3, method)).all()


@EVERY_METHOD
def test_input_is_left_alone(method: str) -> None:
    x, y = np.array([1.0, np.nan, 3.0, 2.0, 5.0]), np.array([2.0, 1.0, 4.0, 4.0, 0.0])
    before = x.copy(), y.copy()
    rolling_correlation(x, y, 2, method)
    np.testing.assert_array_equal((x, y), before)


@EVERY_METHOD
@examples
@given(pair=pairs(), window=windows)
def test_every_value_is_a_correlation(method: str, pair, window: int) -> None:
    found = rolling_correlation(*pair, window, method)
    assert (np.abs(found[~np.isnan(found)]) <= 1).all()


@EVERY_METHOD
@pytest.mark.parametrize("slope", [3.7, -3.7])
def test_proportional_returns_correlate_perfectly_and_never_more(method: str, slope: float) -> None:
    x = np.random.default_rng(5).normal(0, 0.02, 500)
    found = rolling_correlation(x, slope * x, 7, method)[6:]
    np.testing.assert_allclose(found, np.sign(slope), rtol=0, atol=1e-12)
    assert (np.abs(found) <= 1).all()


@EVERY_METHOD
@examples
@given(pair=pairs(), window=windows)
def test_symmetric(method: str, pair, window: int) -> None:
    x, y = pair
    np.testing.assert_array_equal(
        rolling_correlation(x, y, window, method), rolling_correlation(y, x, window, method)
    )


@examples
@given(pairs(ordinary, constant, tied, gap), windows, st.sampled_from([4.0, -0.5, 2.0**40]))
def test_pearson_does_not_see_scale_and_shift(pair, window: int, scale: float) -> None:
    x, y = (np.round(values * 1024) for values in pair)  # whole numbers: nothing is rounded
    np.testing.assert_allclose(
        rolling_pearson(scale * x + 3 * scale, y, window),
        np.sign(scale) * rolling_pearson(x, y, window),
        rtol=0,
        atol=1e-12,
    )


@examples
@given(pairs(ordinary, constant, tied, gap), windows)
def test_spearman_sees_nothing_but_order(pair, window: int) -> None:
    x, y = pair
    plain = rolling_spearman(x, y, window)
    np.testing.assert_array_equal(rolling_spearman(np.exp(9 * x), y, window), plain)
    np.testing.assert_array_equal(rolling_spearman(x, -(y**3), window), -plain)


@examples
@given(pairs(ordinary, constant, tied, gap), windows, st.sampled_from([4.0, -0.5]))
def test_ewma_does_not_see_scale(pair, window: int, scale: float) -> None:
    x, y = pair
    np.testing.assert_array_equal(
        ewma_correlation(scale * x, y, window), np.sign(scale) * ewma_correlation(x, y, window)
    )


def test_ewma_sees_a_shift() -> None:
    """It is taken about zero, not about the mean: a shared drift is correlation to it."""
    x, y = np.random.default_rng(6).normal(size=(2, 200))
    assert ewma_correlation(x + 5, y + 5, 30)[-1] > 0.9 > abs(ewma_correlation(x, y, 30)[-1]) + 0.4


@EVERY_METHOD
def test_no_value_knows_the_future(method: str) -> None:
    x, y = np.random.default_rng(7).normal(0, 0.02, (2, 120))
    whole = rolling_correlation(x, y, 15, method)
    for end in (20, 57, 119):
        found = rolling_correlation(x[:end], y[:end], 15, method)
        np.testing.assert_allclose(found, whole[:end], rtol=0, atol=1e-13)


@examples
@given(pairs(ordinary, constant, tied, gap), windows, st.integers(1, 20))
def test_a_surface_is_its_windows_one_by_one(pair, first: int, count: int) -> None:
    surface = rolling_pearson_surface(*pair, range(first, first + count))
    alone = [rolling_pearson(*pair, window) for window in range(first, first + count)]
    np.testing.assert_allclose(surface, alone, rtol=0, atol=1e-12)


def test_a_wide_surface_stays_exact_to_its_last_window() -> None:
    x, y = np.random.default_rng(8).normal(0, 0.02, (2, 560))
    surface = rolling_pearson_surface(x, y, range(5, 501))
    np.testing.assert_allclose(surface[-1], exact.rolling_pearson(x, y, 500), rtol=0, atol=1e-12)


@pytest.mark.parametrize("window", [2, 30, 90])
def test_ewma_weights_count_as_many_observations_as_the_window(window: int) -> None:
    """Kish's effective number, (sum of weights)^2 / (sum of squared weights)."""
    weights = ewma_lambda(window) ** np.arange(100 * window)
    assert weights.sum() ** 2 / (weights**2).sum() == pytest.approx(window)


def test_percentile_of_last_counts_defined_values_only() -> None:
    assert percentile_of_last(np.array([np.nan, 0.1, 0.4, 0.3, 0.2, np.nan])) == 50
    assert percentile_of_last(np.array([0.5, 0.1, 0.5])) == 100
    assert percentile_of_last(np.array([0.5, 0.6, 0.1])) == pytest.approx(100 / 3)
    assert np.isnan(percentile_of_last(np.array([np.nan])))
