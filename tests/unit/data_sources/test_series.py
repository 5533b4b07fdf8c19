"""What every source's rows must be before they become a series."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sources.catalog import CATALOG
from data_sources.errors import InvalidSeries
from data_sources.series import content_hash, make_series, normalise


def frame(
    closes: list[float], days: list[str] | None = None, **columns: list[float]
) -> pd.DataFrame:
    index = pd.DatetimeIndex(days) if days else pd.date_range("2024-01-01", periods=len(closes))
    return pd.DataFrame({"close": closes, **columns}, index)


def test_series_carries_its_origin_and_its_closes() -> None:
    fetched_at = datetime(2024, 2, 1, tzinfo=UTC)
    series = make_series(CATALOG[0], frame([1, 2, 3]), source="somewhere", fetched_at=fetched_at)
    assert series.close.name == "RUT"
    assert series.close.tolist() == [1.0, 2.0, 3.0]
    assert series.as_of == pd.Timestamp("2024-01-03")
    assert (series.source, series.fetched_at, series.is_sample) == ("somewhere", fetched_at, False)
    assert series.content_hash == content_hash(series.frame)


def test_frame_has_the_schema() -> None:
    raw = frame([1, 2], volume=[5, 6], open=[1, 1], note=[0, 0])
    result = normalise(raw)
    assert list(result.columns) == ["open", "close", "volume"]
    assert set(result.dtypes) == {np.dtype("float64")}
    assert result.index.name == "date"
    assert result.index.tz is None


def test_stamps_with_a_time_zone_keep_the_day_as_written() -> None:
    raw = frame([1, 2], ["2024-01-01 16:00", "2024-01-02 20:00"])
    raw.index = raw.index.tz_localize("America/New_York")
    assert normalise(raw).index.tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]


def test_newest_first_is_turned_round() -> None:
    raw = frame([3, 2, 1], ["2024-01-03", "2024-01-02", "2024-01-01"])
    result = normalise(raw)
    assert result["close"].tolist() == [1.0, 2.0, 3.0]
    assert result.index.is_monotonic_increasing


def test_rows_without_a_close_are_dropped() -> None:
    assert normalise(frame([1, np.nan, 3]))["close"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("raw", "reason", "row"),
    [
        (frame([1, np.nan, 0, 4]), "close is 0, must be above zero", 2),
        (frame([1, -2]), "close is -2, must be above zero", 1),
        (frame([1, np.inf]), "close is not finite", 1),
        (frame([1, 2], open=[1, 0]), "open is 0, must be above zero", 1),
        (frame([1, 2], volume=[-1, 0]), "volume is -1, must be at least zero", 0),
        (
            frame([1, 2, 3, 4], ["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-03"]),
            "2024-01-03 and 2024-01-04 are not in date order",
            3,
        ),
        (
            frame([4, 3, 2, 1], ["2024-01-04", "2024-01-03", "2024-01-01", "2024-01-02"]),
            "2024-01-01 and 2024-01-02 are not in date order",
            3,
        ),
    ],
)
def test_bad_rows_are_refused_by_position(raw: pd.DataFrame, reason: str, row: int) -> None:
    with pytest.raises(InvalidSeries) as caught:
        normalise(raw)
    assert (caught.value.reason, caught.value.row) == (reason, row)


@pytest.mark.parametrize("step", [1, -1])
def test_a_repeated_day_names_both_rows(step: int) -> None:
    raw = frame([1, 2, 3, 4], ["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"][::step])
    with pytest.raises(InvalidSeries, match="2024-01-02 appears twice") as caught:
        normalise(raw)
    assert (caught.value.first_row, caught.value.row) == (1, 2)


def test_nothing_but_missing_values_is_no_series() -> None:
    with pytest.raises(InvalidSeries, match="no values"):
        normalise(frame([np.nan]))


def test_no_close_is_no_series() -> None:
    with pytest.raises(InvalidSeries, match="no column named close"):
        normalise(frame([1.0]).rename(columns={"close": "price"}))


def test_macro_values_may_be_zero_or_negative() -> None:
    assert normalise(frame([0, -1]), positive=False)["close"].tolist() == [0.0, -1.0]


def test_the_input_is_left_alone() -> None:
    raw = frame([2, 1], ["2024-01-02", "2024-01-01"])
    before = raw.copy()
    normalise(raw)
    pd.testing.assert_frame_equal(raw, before)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=30), st.data())
def test_the_hash_changes_exactly_with_the_values(closes: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(closes) - 1))
    changed = closes.copy()
    changed[at] = np.nextafter(closes[at], np.inf)
    original = content_hash(normalise(frame(closes)))
    assert original == content_hash(normalise(frame(closes)))
    assert original != content_hash(normalise(frame(changed)))


def test_the_hash_covers_days_and_column_names() -> None:
    plain = content_hash(frame([1.0, 2.0]))
    assert plain != content_hash(frame([1.0, 2.0], ["2024-01-01", "2024-01-03"]))
    assert plain != content_hash(frame([1.0, 2.0]).rename(columns={"close": "open"}))
