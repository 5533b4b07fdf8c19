"""What an update may change of the last good copy, and what is refused."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.catalog import Kind
from data_sources.updates import OVERLAP, continues, extended, objection, spliced

TODAY = date(2024, 5, 22)
HYPOTHESIS = settings(max_examples=200, derandomize=True, deadline=None, database=None)


def frame(last: str, closes: list[float], **columns: list[float]) -> pd.DataFrame:
    """Prices of consecutive days up to the last."""
    days = pd.date_range(end=last, periods=len(closes), name="date", unit="us")
    return pd.DataFrame({"close": closes, **columns}, days, dtype="float64")


def steady(last: str, days: int) -> pd.DataFrame:
    """Closes that rise by one a day."""
    return frame(last, [float(100 + day) for day in range(days)])


COPY = steady("2024-05-20", 200)
# The week before the copy's last day, that day, and two new ones.
UPDATE = frame("2024-05-22", [float(value) for value in range(292, 302)])


def changed(original: pd.DataFrame, day: str, factor: float) -> pd.DataFrame:
    """The same with another close on one day."""
    closes = original["close"].copy()
    closes[day] *= factor
    return original.assign(close=closes)


# --- the same source, asked again


def test_an_update_that_repeats_the_last_days_is_appended() -> None:
    assert UPDATE.index[0] == COPY.index[-1] - OVERLAP
    assert continues(COPY, UPDATE)
    longer = extended(COPY, UPDATE)
    pd.testing.assert_frame_equal(longer, steady("2024-05-22", 202), check_freq=False)
    assert objection(COPY, longer, "small_cap", TODAY) is None


def test_an_update_with_nothing_new_changes_nothing() -> None:
    again = UPDATE[:-2]
    assert continues(COPY, again)
    pd.testing.assert_frame_equal(extended(COPY, again), COPY, check_freq=False)


@pytest.mark.parametrize("factor", [2, 0.5, 1.0002, 0.9998, 10])
@pytest.mark.parametrize("day", [None, "2024-05-13", "2024-05-16", "2024-05-20"])
def test_a_history_that_was_restated_is_no_continuation(factor: float, day: str | None) -> None:
    restated = UPDATE * factor if day is None else changed(UPDATE, day, factor)
    assert not continues(COPY, restated)


def test_rounding_is_no_restatement() -> None:
    rounded = UPDATE * 1.00005
    assert continues(COPY, rounded)
    # What both have is the update's.
    assert extended(COPY, rounded).loc["2024-05-20", "close"] == 299 * 1.00005
    assert extended(COPY, rounded).loc["2024-05-12", "close"] == 291


def test_new_days_may_differ_as_they_like() -> None:
    assert continues(COPY, changed(UPDATE, "2024-05-21", 3))


@pytest.mark.parametrize("day", ["2024-05-14", "2024-05-20"])
def test_a_source_that_dropped_a_known_day_does_not_continue(day: str) -> None:
    assert not continues(COPY, UPDATE.drop(pd.Timestamp(day)))


def test_a_source_that_found_a_missing_day_continues() -> None:
    gap = COPY.drop(pd.Timestamp("2024-05-15"))
    assert continues(gap, UPDATE)
    assert len(extended(gap, UPDATE)) == 202


def test_days_apart_from_the_copy_do_not_continue_it() -> None:
    assert not continues(COPY, UPDATE[-2:])


def test_zero_and_negative_values_of_a_macro_series_continue() -> None:
    copy = frame("2024-05-20", [3, 0, -1, 0, 0])
    assert continues(copy, frame("2024-05-21", [0, -1, 0, 0, 5]))
    assert not continues(copy, frame("2024-05-21", [0, -1, 0, 1e-9, 5]))


def test_a_longer_copy_has_the_columns_of_the_copy() -> None:
    copy = frame("2024-05-20", [1, 2, 3], high=[2, 3, 4])
    update = frame("2024-05-21", [3, 4], volume=[9, 9], high=[4, 5])
    assert extended(copy, update).columns.tolist() == ["close", "high"]


def test_a_day_the_update_lacks_stays() -> None:
    longer = extended(COPY, UPDATE.drop(pd.Timestamp("2024-05-15")))
    pd.testing.assert_frame_equal(longer, steady("2024-05-22", 202), check_freq=False)


# --- another source


def test_another_source_one_percent_off_goes_on_from_the_last_day() -> None:
    copy = COPY.assign(volume=1.0)
    joined = spliced(copy, (UPDATE * 1.01).assign(volume=2.0, open=3.0))
    assert joined is not None
    assert joined.columns.tolist() == ["close"]
    pd.testing.assert_frame_equal(joined[:-2], COPY, check_freq=False)
    assert joined["close"].iloc[-2:].tolist() == pytest.approx([303.0, 304.01])
    assert objection(COPY, joined, "coin", TODAY) is None


@pytest.mark.parametrize(
    ("factor", "fits"), [(1.049, True), (0.953, True), (1.06, False), (1.1, False), (0.9, False)]
)
def test_how_far_another_source_may_be_off(factor: float, fits: bool) -> None:
    assert (spliced(COPY, UPDATE * factor) is not None) == fits


def test_half_of_the_shared_days_must_fit() -> None:
    # Eight days are shared.
    for off, fits in ((3, True), (5, False)):
        closes = UPDATE["close"].copy()
        closes.iloc[:off] *= 2
        assert (spliced(COPY, closes.to_frame()) is not None) == fits


def test_another_source_without_a_shared_day_does_not_fit() -> None:
    assert spliced(COPY, UPDATE[-2:]) is None


# --- what is refused


@pytest.mark.parametrize("copy", [None, COPY])
@pytest.mark.parametrize(("ahead", "passes"), [(0, True), (1, True), (2, False), (400, False)])
def test_a_clock_may_be_a_day_ahead(copy: pd.DataFrame | None, ahead: int, passes: bool) -> None:
    last = TODAY + timedelta(days=ahead)
    reason = objection(copy, steady(f"{last}", 200 + 2 + ahead), "small_cap", TODAY)
    assert reason == (None if passes else f"{last} is in the future")


def test_a_copy_that_is_sent_again_is_believed() -> None:
    assert objection(COPY, COPY, "small_cap", TODAY) is None


def test_a_history_that_ends_sooner_is_refused() -> None:
    reason = "it ends on 2024-05-19, the copy here on 2024-05-20"
    assert objection(COPY, COPY[:-1], "small_cap", TODAY) == reason


def test_a_history_that_starts_more_than_a_week_later_is_refused() -> None:
    longer = steady("2024-05-22", 1000)
    # Only the start is at fault: less than a hundredth is gone.
    assert objection(longer, longer[7:], "small_cap", TODAY) is None
    reason = "it starts on 2021-09-04, the copy here on 2021-08-27"
    assert objection(longer, longer[8:], "small_cap", TODAY) == reason


def test_a_history_that_lost_more_than_a_hundredth_is_refused() -> None:
    for lost, passes in ((2, True), (3, False)):
        thinned = COPY.drop(COPY.index[50 : 50 + lost])
        reason = None if passes else f"its history shrank from 200 to {200 - lost} days"
        assert objection(COPY, thinned, "small_cap", TODAY) == reason


def jumped(days_ago: int, factor: float, last: str = "2024-05-22", days: int = 202) -> pd.DataFrame:
    """A level price that changed for good on one day."""
    closes = np.full(days, 100.0)
    closes[days - 1 - days_ago :] *= factor
    return frame(last, closes.tolist())


LEVEL = jumped(0, 1, "2024-05-20", 200)


@pytest.mark.parametrize("copy", [None, LEVEL, LEVEL[:-10]])
@pytest.mark.parametrize(("ago", "passes"), [(0, False), (1, False), (2, False), (3, True)])
def test_a_new_jump_is_refused_for_three_days(
    copy: pd.DataFrame | None, ago: int, passes: bool
) -> None:
    day = pd.Timestamp("2024-05-22")
    last = day + timedelta(days=ago)
    after = jumped(ago, 12, f"{last}", 202 + ago)
    reason = objection(copy, after, "coin", last.date())
    assert reason == (None if passes else "2024-05-22 closes at 12 times the close before")
    # A copy that has it is no longer asked about it.
    assert objection(after, after, "coin", last.date()) is None


@pytest.mark.parametrize(
    ("kind", "believed", "refused"),
    [
        ("small_cap", (1.64, 0.61), (1.66, 0.60)),
        ("equity", (2.70, 0.37), (2.75, 0.36)),
        ("coin", (9.0, 0.112), (9.1, 0.110)),
        ("macro", (1e6, 1e-6), ()),
    ],
)
def test_how_far_a_close_may_go_in_a_day(
    kind: Kind, believed: tuple[float, ...], refused: tuple[float, ...]
) -> None:
    for factor in (*believed, *refused):
        reason = objection(LEVEL, jumped(0, factor), kind, TODAY)
        assert (reason is None) == (factor in believed), factor


def test_a_fall_is_told_like_a_rise() -> None:
    reason = "2024-05-22 closes at 0.0123 times the close before"
    assert objection(LEVEL, jumped(0, 0.0123456), "coin", TODAY) == reason


def test_a_macro_series_may_be_zero_or_negative() -> None:
    copy, longer = frame("2024-05-20", [-1, 0]), frame("2024-05-21", [-1, 0, 1e9])
    assert objection(copy, longer, "macro", TODAY) is None


def test_a_jump_where_the_copy_goes_another_way_is_always_refused() -> None:
    rewritten = jumped(102, 100)
    reason = "2024-02-10 closes at 100 times the close before"
    for later in (0, 7, 700):
        assert objection(LEVEL, rewritten, "coin", TODAY + timedelta(days=later)) == reason


def test_a_spike_on_a_day_the_copy_lacks_is_refused() -> None:
    copy = LEVEL.drop(pd.Timestamp("2024-02-10"))
    reason = "2024-02-10 closes at 12 times the close before"
    assert objection(copy, changed(LEVEL, "2024-02-10", 12), "coin", TODAY) == reason


def test_a_wrong_jump_in_the_copy_may_be_corrected() -> None:
    wrong = changed(LEVEL, "2024-02-10", 12)
    assert objection(wrong, LEVEL, "coin", TODAY) is None


def test_a_first_history_may_have_jumps_but_in_its_last_days() -> None:
    early = jumped(190, 1000)
    assert objection(None, early, "coin", TODAY) is None
    assert objection(None, frame("2024-05-22", [1]), "coin", TODAY) is None
    assert objection(None, frame("2024-05-22", [1, 100]), "coin", TODAY) is not None


@pytest.mark.parametrize("missing", [12, 11, 5])
def test_what_is_older_than_the_copy_is_believed(missing: int) -> None:
    """The jump is on row 11: before the copy, its first day, or known to it."""
    early = jumped(190, 1000)
    assert objection(early[missing:-2], early, "coin", TODAY) is None


# --- nothing good is ever lost


@st.composite
def copies_and_updates(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A copy, and any update: days lost and found, closes as they were, near, and far off."""
    factors = st.sampled_from([1, 1, 1, 1.00005, 1.01, 1.5, 12, 0.05])
    length, reach, new = draw(st.integers(1, 30)), draw(st.integers(0, 9)), draw(st.integers(0, 5))
    days = pd.date_range(end="2024-05-20", periods=length, unit="us", name="date")
    steps = draw(st.lists(factors, min_size=length, max_size=length))
    copy = pd.DataFrame({"close": 100.0 * np.cumprod(steps)}, days)
    end = days[-1] + timedelta(days=new)
    closes = copy["close"].reindex(pd.date_range(days[0], end, unit="us", name="date")).ffill()
    closes = closes[-(reach + new) - 1 :]
    off = draw(st.lists(factors, min_size=len(closes), max_size=len(closes)))
    present = draw(st.lists(st.booleans() | st.just(True), min_size=len(off), max_size=len(off)))
    update = (closes * off)[present].to_frame()
    return copy, update if len(update) else closes.to_frame()


@HYPOTHESIS
@given(copies_and_updates())
def test_appending_loses_no_day_and_no_value(
    pair: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    copy, update = pair
    longer = extended(copy, update)
    assert longer.index.is_monotonic_increasing
    assert longer.index.is_unique
    closes = longer["close"].to_dict()
    assert closes == copy["close"].to_dict() | update["close"].to_dict()
    if continues(copy, update):
        known = longer.loc[copy.index, "close"]
        np.testing.assert_allclose(known, copy["close"], rtol=1e-4)


@HYPOTHESIS
@given(copies_and_updates())
def test_what_is_let_pass_reaches_as_far_and_has_no_jump_the_copy_does_not_know(
    pair: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    copy, update = pair
    for new in (update, extended(copy, update)):
        if objection(copy, new, "coin", TODAY) is not None:
            continue
        assert new.index[-1] >= copy.index[-1]
        assert new.index[0] <= copy.index[0] + OVERLAP
        assert len(new) >= 0.99 * len(copy)
        jumps = [np.log(one["close"]).diff().abs() > 2.2 for one in (copy, new)]
        known, found = (set(one.index[one]) for one in jumps)
        recent = new.index[-1] - timedelta(days=3)
        for day in found - known:
            assert copy.index[-1] < day <= recent or day <= copy.index[0]
