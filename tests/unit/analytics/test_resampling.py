"""Rearrangements of events: which ones there are, how often, and what p-values they give."""

from itertools import permutations

import numpy as np
import pytest

from analytics.resampling import accepted, moved_p_values, p_values, resampled_means

DAYS = 9
DAY_SETS = 2.0 ** np.arange(DAYS)  # summed, they tell which days an arrangement holds


def drawn(rows: list[int], is_apart: list[bool], draws: int = 40_000) -> dict[int, float]:
    """Share of the draws by the set of days, as a bit mask."""
    means = resampled_means(
        DAY_SETS[None], np.array(rows), np.array(is_apart, bool), draws, np.random.default_rng(0)
    )
    masks, counts = np.unique(np.rint(means[0] * len(rows)).astype(int), return_counts=True)
    return dict(zip(masks.tolist(), counts / draws, strict=True))


def expected(clusters: list[list[int]]) -> dict[int, float]:
    """The same by laying the clusters, with the gaps after them, round a circle in every way."""
    starts = [cluster[0] for cluster in clusters]
    lengths = np.diff(starts, append=starts[0] + DAYS)
    arrangements = []
    for order in permutations(range(len(clusters))):
        for first in range(DAYS):
            day, mask = first, 0
            for i in order:
                for row in clusters[i]:
                    mask += 2 ** ((day + row - starts[i]) % DAYS)
                day += lengths[i]
            arrangements.append(mask)
    masks, counts = np.unique(arrangements, return_counts=True)
    return dict(zip(masks.tolist(), counts / len(arrangements), strict=True))


@pytest.mark.parametrize(
    ("rows", "is_apart", "clusters"),
    [
        ([4], [], [[4]]),
        ([1, 2, 6], [False, False], [[1, 2, 6]]),
        ([1, 2, 6], [False, True], [[1, 2], [6]]),
        ([0, 3, 8], [True, True], [[0], [3], [8]]),
        ([0, 1, 3, 4, 8], [False, True, False, True], [[0, 1], [3, 4], [8]]),
    ],
)
def test_every_arrangement_is_drawn_as_often_as_it_can_be_made(
    rows: list[int], is_apart: list[bool], clusters: list[list[int]]
) -> None:
    assert drawn(rows, is_apart) == pytest.approx(expected(clusters), abs=0.006)


def test_events_that_overlap_are_never_parted() -> None:
    neighbours = {1 << day | 1 << (day + 1) % DAYS for day in range(DAYS)}
    assert all(
        any(mask & pair == pair for pair in neighbours) for mask in drawn([1, 2, 6], [False, True])
    )


def test_several_outcomes_share_their_draws() -> None:
    values = np.random.default_rng(1).normal(size=(2, 50))
    rows, apart = np.array([3, 10, 11, 40]), np.array([True, False, True])
    both = resampled_means(values, rows, apart, 100, np.random.default_rng(2))
    for outcomes, means in zip(values, both, strict=True):
        alone = resampled_means(outcomes[None], rows, apart, 100, np.random.default_rng(2))
        np.testing.assert_array_equal(alone[0], means)


def test_the_mean_over_all_days_is_expected() -> None:
    values = np.random.default_rng(1).normal(size=(1, 300)) + 5
    means = resampled_means(
        values, np.array([3, 10, 200]), np.array([True, True]), 50_000, np.random.default_rng(2)
    )
    assert means.mean() == pytest.approx(values.mean(), abs=0.01)


def test_p_values_count_the_observed_arrangement() -> None:
    resampled = np.arange(99.0)
    assert p_values(resampled, 97.5) == pytest.approx((0.04, 0.02, 0.99))
    assert p_values(resampled, 0.5) == pytest.approx((0.04, 0.99, 0.02))
    assert p_values(resampled, 1000) == pytest.approx((0.02, 0.01, 1))
    assert p_values(resampled, 49) == pytest.approx((1, 0.51, 0.51))


def test_events_moved_are_tested_as_if_they_had_been_there() -> None:
    rng = np.random.default_rng(3)
    outcomes, rows, days = rng.normal(size=50), np.array([2, 20, 48]), np.array([0, 1, 47, 153])
    resampled = rng.normal(size=199)
    found = moved_p_values(resampled, outcomes, rows, days)
    expected = [
        p_values(resampled, outcomes[(rows + later) % 50].mean()).two_sided for later in days
    ]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("draws", [39, 40, 99, 1000])
@pytest.mark.parametrize("size", [0.05, 0.2])
def test_what_is_accepted_is_what_p_does_not_reject(draws: int, size: float) -> None:
    resampled = np.random.default_rng(draws).normal(size=draws)
    low, high = accepted(resampled, size)
    for mean in (*resampled, *(resampled + 1e-6), *(resampled - 1e-6)):
        assert (low <= mean <= high) == (p_values(resampled, mean).two_sided > size)


def test_too_few_resamples_reject_nothing() -> None:
    assert accepted(np.arange(38.0)) == (-np.inf, np.inf)
    assert accepted(np.arange(39.0)) == (0, 38)


def test_a_tie_up_to_rounding_is_as_high_and_as_low() -> None:
    assert p_values(np.full(99, 0.1 + 0.2), 0.3) == (1, 1, 1)
    assert p_values(np.zeros(9), 0.0) == (1, 1, 1)
