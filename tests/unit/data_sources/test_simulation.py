"""The simulation keeps its promises for any seed, not only the one the sample uses."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.sample import simulation

seeds = st.integers(0, 2**32 - 1)
YEARS = np.repeat([0, 1, 2], 250)
LEADER_YEARS = np.repeat([0, 1], 364)


@given(seeds)
def test_shocks_are_standardised_within_each_year(seed: int) -> None:
    shocks = simulation.shocks(np.random.RandomState(seed), YEARS)
    for year in range(3):
        np.testing.assert_allclose(shocks[year == YEARS].mean(), 0, atol=1e-12)
        np.testing.assert_allclose(shocks[year == YEARS].std(), 1)


def test_shocks_are_stormy_in_spells() -> None:
    years = np.zeros(20_000, dtype=np.intp)
    size = np.abs(simulation.shocks(np.random.RandomState(0), years))
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.05


@given(seeds, st.floats(-0.8, 0.8))
def test_a_follower_has_the_correlation_asked_for(seed: int, correlation: float) -> None:
    random = np.random.RandomState(seed)
    leader, own = simulation.shocks(random, YEARS), simulation.shocks(random, YEARS)
    follower = simulation.follow(leader, own, np.full(YEARS.size, correlation), YEARS)
    for year in range(3):
        found = np.corrcoef(leader[year == YEARS], follower[year == YEARS])[0, 1]
        np.testing.assert_allclose(found, correlation, atol=0.02)


@given(seeds, st.floats(-0.6, 0.6))
def test_correlation_is_that_of_returns_over_days_both_trade(seed: int, correlation: float) -> None:
    random = np.random.RandomState(seed)
    is_weekend = np.arange(LEADER_YEARS.size) % 7 >= 5
    leader = np.full(LEADER_YEARS.size, np.nan)
    leader[~is_weekend] = simulation.shocks(random, LEADER_YEARS[~is_weekend])
    own = simulation.shocks(random, LEADER_YEARS)
    wanted = np.full(LEADER_YEARS.size, correlation)
    follower = simulation.follow(leader, own, wanted, LEADER_YEARS)
    path = np.cumsum(follower)
    returns = np.diff(path[~is_weekend])
    found = np.corrcoef(leader[~is_weekend][1:], returns)[0, 1]
    np.testing.assert_allclose(found, correlation, atol=0.1)


@given(seeds)
def test_a_bridge_meets_its_levels_and_keeps_the_shape_between(seed: int) -> None:
    random = np.random.RandomState(seed)
    walk = np.cumsum(random.standard_normal(100))
    knots, levels = np.array([0, 7, 60, 99]), random.standard_normal(4)
    path = simulation.bridge(walk, knots, levels)
    np.testing.assert_allclose(path[knots], levels)
    np.testing.assert_allclose(np.diff(path - walk, 2)[8:58], 0, atol=1e-12)


def test_a_mean_reverting_walk_does_not_stray() -> None:
    returns = np.random.RandomState(0).standard_normal(50_000)
    np.testing.assert_allclose(simulation.mean_reverting_walk(returns).std(), 5.5, rtol=0.1)


def test_ceilings_are_the_records_and_a_breakout_starts_below_the_old_one() -> None:
    levels = np.log([100.0, 120.0, 90.0, 120.5, 150.0, 140.0])
    np.testing.assert_allclose(
        np.exp(simulation.ceilings(levels)), [120.0, 120.0, 120.0, 150.0, 150.0]
    )


@settings(deadline=None)
@given(seeds)
def test_a_reflected_path_stays_below_its_ceilings(seed: int) -> None:
    random = np.random.RandomState(seed)
    knots, levels = np.array([0, 30, 70, 99]), np.array([0.0, 0.3, -0.2, 0.301])
    path = simulation.bridge(np.cumsum(0.1 * random.standard_normal(100)), knots, levels)
    limits = simulation.ceilings(levels)
    reflected = simulation.reflect(path, knots, limits)
    np.testing.assert_array_equal(reflected[knots], path[knots])
    for start, end, limit in zip(knots, knots[1:], limits, strict=False):
        assert (reflected[start + 1 : end] <= limit).all()
    kept = reflected == path
    np.testing.assert_allclose((reflected + path)[~kept] / 2 <= 0.301, True)


@given(seeds)
def test_realised_shocks_undo_the_drift(seed: int) -> None:
    shocks = simulation.shocks(np.random.RandomState(seed), YEARS)
    knots = np.array([0, YEARS.size - 1])
    path = np.cumsum(shocks) * 0.01 + 0.002 * np.arange(YEARS.size)
    found = simulation.realised_shocks(path, knots, YEARS)
    # Each year is standardised by itself: within one, the two are the same but for scale and mean.
    for year in np.unique(YEARS):
        of_year = (year == YEARS) & (np.arange(YEARS.size) > 0)
        assert np.corrcoef(found[of_year], shocks[of_year])[0, 1] > 1 - 1e-9
