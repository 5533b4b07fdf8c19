"""Dates as people write them: the day that is written, in one form for a whole column."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from data_sources.errors import InvalidSeries
from data_sources.files.dates import Order, read_days
from tests.unit.data_sources.file_shapes import DATES

DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(60)]
MONTHS = [date(2024, month, 1) for month in range(1, 13)]


def days_of(texts: Sequence[str], order: Order = "") -> list[date]:
    return read_days(texts, np.ones(len(texts), dtype=bool), order).tolist()


@pytest.mark.parametrize("form", DATES)
@pytest.mark.parametrize("step", [1, -1])
def test_every_form_gives_the_days_that_are_written(form: str, step: int) -> None:
    days = DAYS[::step]
    assert days_of([DATES[form](day) for day in days]) == days


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-16 00:00:00+01:00", date(2026, 11, 16)),
        ("2026-11-16T23:59:59-11:00", date(2026, 11, 16)),
        ("1790899200", date(2026, 10, 2)),
        ("1790899200000", date(2026, 10, 2)),
        ("1790899200000000", date(2026, 10, 2)),
        ("1790899200000000000", date(2026, 10, 2)),
        ("1790899200.0", date(2026, 10, 2)),
        ("-315619200", date(1960, 1, 1)),
        ("20261002", date(2026, 10, 2)),
        ("2 May 2024", date(2024, 5, 2)),
        ("31/12/2023", date(2023, 12, 31)),
        ("12/31/2023 4:00 PM", date(2023, 12, 31)),
    ],
)
def test_single_dates(text: str, day: date) -> None:
    assert days_of([text]) == [day]


def test_unix_times_may_change_their_unit() -> None:
    first, later = DAYS[:30], DAYS[30:]
    texts = [DATES["milliseconds"](day) for day in first]
    texts += [DATES["microseconds"](day) for day in later]
    assert days_of(texts) == DAYS


def test_unix_times_of_the_1970s_are_in_the_unit_of_the_others() -> None:
    days = [date(1970, 1, 5) + timedelta(days=30 * n) for n in range(300)]
    assert days_of([DATES["milliseconds"](day) for day in days]) == days


@pytest.mark.parametrize(
    ("form", "text"),
    [("dmy", "01/02/2024"), ("mdy", "02/01/2024"), ("short year", "02/01/24")],
)
def test_a_column_that_can_be_read_in_two_ways_is_refused(form: str, text: str) -> None:
    with pytest.raises(InvalidSeries, match=r"in the row of this file in catalog\.csv$") as caught:
        days_of([DATES[form](month) for month in MONTHS])
    assert caught.value.reason.startswith(f"{text} can be ")
    assert "2 January" in caught.value.reason
    assert "1 February" in caught.value.reason
    assert caught.value.row == 1


def test_one_odd_cell_does_not_decide() -> None:
    texts = [DATES["dmy"](month) for month in MONTHS]
    with pytest.raises(InvalidSeries, match="can be 2 January or 1 February"):
        days_of([*texts[:-1], "12/31/2024"])


@pytest.mark.parametrize(("order", "second"), [("dmy", (2, 1)), ("mdy", (1, 2))])
def test_an_order_that_is_named_settles_it(order: Order, second: tuple[int, int]) -> None:
    days = days_of([DATES["dmy"](month) for month in MONTHS], order)
    assert (days[1].month, days[1].day) == second


def test_the_only_reading_in_date_order_counts() -> None:
    days = [date(2024, 1, 5), date(2024, 2, 4), date(2024, 3, 6), date(2024, 4, 2)]
    assert days_of([f"{day:%d/%m/%Y}" for day in days]) == days


def test_rows_without_a_value_need_not_be_in_order() -> None:
    days = [date(2024, 3, 20), date(2024, 3, 15), date(2024, 3, 16), date(2024, 3, 17)]
    texts = [DATES["mdy"](day) for day in days]
    used = np.array([False, True, True, True])
    assert read_days(texts, used).tolist() == days


@pytest.mark.parametrize(
    ("texts", "reason", "row"),
    [
        (["2024-01-01", ""], "no date", 1),
        (["2024-01-01", "yesterday"], "'yesterday' is not a date such as 2024-12-31", 1),
        (["yesterday", "2024-01-01"], "'yesterday' is not a date such as 2024-12-31", 0),
        (["13/01/2024", "14/01/2024", "2024-01-15"],
         "'2024-01-15' is not a date such as 31/12/2024", 2),
        (["2024-01-01 12", "2024-01-02 13"], "'2024-01-01 12' is not a date such as 2024-12-31", 0),
        (["2024-01-01T00Z", "2024-01-02"], "dates with and without a time zone", 1),
        (["2024-01-01T00:00+00:00", "2024-01-02T00:00-05:00"], "dates in different time zones", 1),
        (["99999999999999999999", "5"],
         "'99999999999999999999' is not a date such as 2024-12-31", 0),
    ],
)  # fmt: skip
def test_what_is_no_date_is_named(texts: list[str], reason: str, row: int) -> None:
    with pytest.raises(InvalidSeries) as caught:
        days_of(texts)
    assert (caught.value.reason, caught.value.row) == (reason, row)
