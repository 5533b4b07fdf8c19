"""Resampling in blocks: which blocks, how long, and the interval made of them."""

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length as by_arch

from analytics.bootstrap import (
    content_seed,
    correlation_interval,
    generator,
    optimal_block_length,
    stationary_bootstrap,
)


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def autoregressive(slope: float, n: int, seed: int = 1) -> np.ndarray:
    values = normal(n, seed=seed)
    for i in range(1, n):
        values[i] += slope * values[i - 1]
    return values


def positions(n: int, block_length: float, draws: int) -> np.ndarray:
    return stationary_bootstrap(np.arange(n), block_length, draws, generator(1))


# --- seed


def test_seed_is_made_of_the_values_and_their_order() -> None:
    x, y = normal(2, 30)
    other = x.copy()
    other[7] = np.nextafter(other[7], 9)
    seeds = [content_seed(x, y), content_seed(y, x), content_seed(other, y), content_seed(x)]
    assert len(set(seeds)) == 4
    assert content_seed(x.copy(), np.column_stack([y, x])[:, 0]) == seeds[0]


def test_seed_is_the_same_on_every_machine() -> None:
    assert content_seed(np.array([0.5, -1.25]), np.array([3.0])) == 0x191EF315E6335552


# --- blocks


def test_blocks_are_runs_of_days_that_wrap_around() -> None:
    drawn = positions(50, 8, 200)
    assert drawn.shape == (200, 50)
    assert (drawn.min(), drawn.max()) == (0, 49)
    follows = drawn[:, 1:] == (drawn[:, :-1] + 1) % 50
    # A block that ends is followed by its own next day once in 50 times.
    assert 1 - follows.mean() == pytest.approx(1 / 8 * 49 / 50, rel=0.05)
    assert (drawn[:, 1:][follows] == 0).any()


def test_lengths_of_blocks_are_geometric() -> None:
    breaks = np.diff(positions(5000, 4, 20)) % 5000 != 1
    lengths = np.concatenate([np.diff(np.flatnonzero(row)) for row in breaks])
    for length in (1, 2, 5):
        assert np.mean(lengths == length) == pytest.approx(0.25 * 0.75 ** (length - 1), rel=0.06)


def test_every_day_is_drawn_as_often_as_any_other_anywhere_in_a_row() -> None:
    drawn = positions(10, 3, 40_000)
    for column in (0, 1, 9):
        assert np.bincount(drawn[:, column]) == pytest.approx(np.full(10, 4000), rel=0.06)


def test_draws_have_nothing_to_do_with_each_other() -> None:
    drawn = positions(20, 15, 20_000)
    ends, begins = drawn[:-1, -1], drawn[1:, 0]
    assert np.mean((ends + 1) % 20 == begins) == pytest.approx(1 / 20, rel=0.1)


def test_blocks_of_one_are_independent_days() -> None:
    drawn = positions(100, 1, 1000)
    assert np.mean(np.diff(drawn) % 100 == 1) == pytest.approx(1 / 100, rel=0.05)


def test_series_drawn_together_keep_their_days() -> None:
    days = np.arange(30)
    first, second = stationary_bootstrap(np.stack([days, 2 * days]), 5, 40, generator(1))
    assert first.shape == (40, 30)
    assert (second == 2 * first).all()


def test_variance_of_a_mean_is_that_of_a_series_with_memory() -> None:
    """An AR(1) with slope 0.5 has a long-run variance of 4; without blocks it would read 1.33."""
    x = autoregressive(0.5, 4000)
    means = stationary_bootstrap(x, optimal_block_length(x), 1000, generator(1)).mean(axis=1)
    assert 4000 * means.var() == pytest.approx(4, rel=0.15)
    means = stationary_bootstrap(x, 1, 1000, generator(1)).mean(axis=1)
    assert 4000 * means.var() == pytest.approx(4 / 3, rel=0.1)


# --- block length


@pytest.mark.parametrize("slope", [0.3, 0.5, 0.8])
def test_block_length_of_an_autoregression(slope: float) -> None:
    """In theory ``(2 a / (1 - a^2))^(2/3) n^(1/3)`` (Politis & White 2004)."""
    n = 20_000
    found = np.mean([optimal_block_length(autoregressive(slope, n, seed)) for seed in range(5)])
    assert found == pytest.approx(np.cbrt(n * (2 * slope / (1 - slope**2)) ** 2), rel=0.15)


def test_block_length_without_memory_is_short() -> None:
    lengths = [optimal_block_length(values) for values in normal(50, 2500)]
    assert min(lengths) == 1
    assert np.median(lengths) < 3


def test_block_length_has_bounds() -> None:
    assert optimal_block_length(np.full(100, 0.1)) == 1
    wave = np.sin(np.arange(2500) / 2.2)
    assert optimal_block_length(wave) == 150  # 3 sqrt(n)
    assert optimal_block_length(wave[:30]) == 10  # n / 3


def test_block_length_knows_no_scale() -> None:
    x = autoregressive(0.5, 500)
    assert optimal_block_length(1e-3 * x + 5) == pytest.approx(optimal_block_length(x))


@pytest.mark.parametrize("n", [250, 2500])
@pytest.mark.parametrize("slope", [-0.5, 0, 0.1, 0.5, 0.9])
def test_block_length_is_that_of_arch(n: int, slope: float) -> None:
    """But for its lower bound, and where an autocorrelation is at the edge of significance."""
    series = [autoregressive(slope, n, seed) for seed in range(8)]
    ours = [optimal_block_length(x) for x in series]
    theirs = [max(1, by_arch(x)["stationary"].iloc[0]) for x in series]
    assert np.isclose(ours, theirs).mean() >= 0.85


# --- interval of a correlation


def test_interval_is_the_same_for_the_same_data() -> None:
    x, y = normal(2, 200)
    low, high = correlation_interval(x, y)
    r = np.corrcoef(x, y)[0, 1]
    assert low < r < high
    assert np.arctanh(high) - np.arctanh(r) == pytest.approx(np.arctanh(r) - np.arctanh(low))
    assert correlation_interval(x.copy(), y.copy()) == (low, high)
    assert correlation_interval(x, y, seed=1) != (low, high)


def test_interval_of_independent_days_is_near_fishers() -> None:
    x, y = normal(2, 2000)
    low, high = correlation_interval(x, y)
    assert np.arctanh(high) - np.arctanh(low) == pytest.approx(2 * 1.96 / np.sqrt(2000), rel=0.08)
    low_80, high_80 = correlation_interval(x, y, level=0.80)
    assert np.arctanh(high_80) - np.arctanh(low_80) == pytest.approx(
        2 * 1.28 / np.sqrt(2000), rel=0.08
    )


def test_interval_is_wider_where_one_shock_strikes_both() -> None:
    x, y = normal(2, 1000)
    shock = 1 + 3 * (np.arange(1000) % 20 == 0)
    narrow, wide = (np.diff(correlation_interval(x * k, y * k)) for k in (1, shock))
    assert wide > 1.4 * narrow


@pytest.mark.parametrize(("y", "point"), [(2.0, 1), (-1.0, -1)])
def test_interval_of_a_perfect_correlation_is_a_point(y: float, point: float) -> None:
    x = np.arange(32.0)
    assert correlation_interval(x, y * x) == pytest.approx((point, point))


def test_interval_of_an_undefined_correlation_is_undefined() -> None:
    assert np.isnan(correlation_interval(np.full(30, 0.1), np.arange(30.0))).all()
