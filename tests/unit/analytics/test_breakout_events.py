"""The first new high after a long base, by hand and without look-ahead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.breakouts import breakouts


def series(*closes: float) -> pd.Series:
    return pd.Series(closes, pd.bdate_range("2024-01-01", periods=len(closes)), dtype=float)


def positions(close: pd.Series, **settings: int | None) -> list[int]:
    found = breakouts(close, **{"base": 3, "cooldown": 0, **settings})
    return close.index.get_indexer(found.index).tolist()


def test_first_close_above_the_high_after_a_base() -> None:
    close = series(10, 9, 8, 9, 11, 12)
    found = breakouts(close, base=3, cooldown=0)
    assert found.index.tolist() == [close.index[4]]
    assert found.iloc[0].to_dict() == {"base_length": 4, "close": 11, "previous_high": 10}


def test_a_base_is_counted_in_sessions_since_the_last_new_high() -> None:
    close = series(10, 11, 9, 9, 9, 12)
    assert positions(close, base=4) == [5]
    assert positions(close, base=5) == []


def test_every_new_high_starts_the_base_again() -> None:
    """Position 3 makes a new high after too short a base, and position 6 counts from there."""
    close = series(10, 9, 9, 11, 9, 9, 12)
    assert positions(close, base=4) == []
    assert positions(close, base=3) == [3, 6]


def test_a_tie_with_the_high_is_no_breakout_and_starts_no_base() -> None:
    close = series(10, 9, 9, 9, 10, 10.5)
    found = breakouts(close, base=5, cooldown=0)
    assert found.index.tolist() == [close.index[5]]
    assert found["base_length"].tolist() == [5]


def test_todays_close_is_no_part_of_the_high_it_passes() -> None:
    """Were it, no close could ever lie above the high."""
    assert positions(series(1, 2, 3, 4), base=1) == [1, 2, 3]


def test_cooldown_counts_from_the_last_breakout_kept() -> None:
    close = series(10, 9, 9, 11, 9, 9, 12, 9, 9, 13, 9, 9, 14)
    assert positions(close, base=3, cooldown=3) == [3, 6, 9, 12]
    assert positions(close, base=3, cooldown=4) == [3, 9]
    assert positions(close, base=3, cooldown=6) == [3, 9]
    assert positions(close, base=3, cooldown=7) == [3, 12]


def test_a_new_high_within_the_cooldown_still_ends_the_base() -> None:
    close = series(10, 9, 9, 11, 9, 9, 12, 13)
    assert positions(close, base=3, cooldown=4) == [3]


def test_the_high_of_the_last_sessions_forgets_older_ones() -> None:
    close = series(10, 20, 5, 5, 5, 6)
    assert positions(close, base=2) == []
    found = breakouts(close, base=2, cooldown=0, high=3)
    assert found.index.tolist() == [close.index[5]]
    assert found["previous_high"].tolist() == [5]


def test_the_high_of_the_last_sessions_reaches_back_exactly_that_far() -> None:
    close = series(9, 20, 5, 5, 6)
    assert positions(close, base=1, high=2) == [4]
    assert positions(close, base=1, high=3) == []


def test_nothing_is_judged_before_the_high_has_its_sessions() -> None:
    """Sessions 0 to 2 make the first high of three, and the base is counted from its last."""
    close = series(1, 2, 3, 4, 5)
    found = breakouts(close, base=1, cooldown=0, high=3)
    assert found.index.tolist() == close.index[3:].tolist()
    assert found["base_length"].tolist() == [1, 1]
    assert positions(close, base=2, high=3) == []


@pytest.mark.parametrize("high", [None, 20])
@pytest.mark.parametrize("closes", [(), (5,), (5, 4, 3), (5, 5, 5)])
def test_no_new_high_is_no_breakout(closes: tuple[float, ...], high: int | None) -> None:
    found = breakouts(series(*closes), base=1, cooldown=0, high=high)
    assert len(found) == 0
    assert found.columns.tolist() == ["base_length", "close", "previous_high"]


few = st.integers(1, 12)
walks = st.lists(st.integers(50, 70), max_size=60).map(lambda closes: series(*closes))
examples = settings(max_examples=100, derandomize=True, deadline=None, database=None)


@examples
@given(walks, few, st.integers(0, 20), st.none() | few)
def test_no_breakout_knows_the_future(
    close: pd.Series, base: int, cooldown: int, high: int | None
) -> None:
    whole = breakouts(close, base, cooldown, high)
    for end in range(len(close)):
        early = breakouts(close[:end], base, cooldown, high)
        expected = whole[whole.index.isin(close.index[:end])]
        pd.testing.assert_frame_equal(early, expected, check_dtype=False, check_freq=False)


@examples
@given(walks, few, st.integers(0, 20), st.none() | few)
def test_every_breakout_follows_the_rule_read_out_loud(
    close: pd.Series, base: int, cooldown: int, high: int | None
) -> None:
    values = close.tolist()
    expected, last_high, last_kept = [], 0 if high is None else high - 1, -np.inf
    for i in range(high or 1, len(values)):
        previous = max(values[:i] if high is None else values[i - high : i])
        if values[i] > previous:
            if i - last_high >= base and i - last_kept >= cooldown:
                expected.append((i, i - last_high, values[i], previous))
                last_kept = i
            last_high = i
    found = breakouts(close, base, cooldown, high)
    rows = zip(close.index.get_indexer(found.index), *found.to_numpy().T, strict=True)
    assert list(rows) == expected


def test_the_first_close_after_a_hole_is_no_breakout() -> None:
    """The high may have been passed while nobody looked; from then on it counts."""
    days = pd.bdate_range("2024-01-01", periods=300)
    close = pd.Series(99.0, days)
    close.iloc[0] = 100.0
    close.iloc[150:] = 110.0
    assert breakouts(close, base=60).index.tolist() == [days[150]]
    assert breakouts(close.drop(days[140:150]), base=60).empty
    close.iloc[290:] = 120.0
    assert breakouts(close.drop(days[140:150]), base=60).index.tolist() == [days[290]]
