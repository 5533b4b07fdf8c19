"""Numbers as people write them: one way for a whole column, or a refusal that names both."""

import numpy as np
import pytest

from data_sources.errors import InvalidSeries
from data_sources.files.numbers import Decimal, read_numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1998.14", "2001"], [1998.14, 2001]),
        (["1998,14", "2001"], [1998.14, 2001]),
        (["0.472", "1.029"], [0.472, 1.029]),
        (["0,472", "1,029"], [0.472, 1.029]),
        (["1,029.5", "989", "1,100", "1.5"], [1029.5, 989, 1100, 1.5]),
        (["1.029,5", "989,25", "7"], [1029.5, 989.25, 7]),
        (["1 234,5", "12"], [1234.5, 12]),
        (["1\u00a0234,5", "12"], [1234.5, 12]),
        (["1\u202f234", "1\u2009235.5"], [1234, 1235.5]),
        (["1'234.50", "7"], [1234.5, 7]),
        (["1’234,50", "7"], [1234.5, 7]),
        (["12,34,567", "1,23,456.5", "7"], [1234567, 123456.5, 7]),
        (["$2,852.47", "$1.50"], [2852.47, 1.5]),
        (["2.852,47 €", "1,50 €"], [2852.47, 1.5]),
        (["US$5", "US$6.5"], [5, 6.5]),
        (["USD 5", "USD 6.5"], [5, 6.5]),
        (["(12.5)", "3"], [-12.5, 3]),
        (["−5", "-3.5"], [-5, -3.5]),
        (["-$5", "$6"], [-5, 6]),
        (["1.2E+4", "1.5"], [12000, 1.5]),
        (["1,2E+4", "1,5"], [12000, 1.5]),
        (["12.5%", "3 %"], [12.5, 3]),
        (["1.", ".5"], [1, 0.5]),
        (["998.123", "999.456", "1000.789", "1001.5"], [998.123, 999.456, 1000.789, 1001.5]),
    ],
)  # fmt: skip
def test_a_column_that_can_be_read_in_one_way(texts: list[str], numbers: list[float]) -> None:
    assert read_numbers("close", texts).tolist() == numbers


def test_missing_values_say_nothing_about_the_others() -> None:
    values = read_numbers("close", ["null", "1998,14", "#N/A", " ", "2001,5"])
    np.testing.assert_equal(values, [np.nan, 1998.14, np.nan, np.nan, 2001.5])


@pytest.mark.parametrize(
    ("texts", "one", "two"),
    [
        (["1.029", "989"], "1.029", "1,029"),
        (["1,029", "989"], "1.029", "1,029"),
        (["1.029", "1.031"], "1.029", "1,029"),
        (["1.234.567", "1.029"], "1,029", "1.029"),
        (["1.029", "989", "1234.5"], "1.029", "1,029"),  # one odd cell may be the wrong one
        (["$1,029", "$989"], "1.029", "1,029"),
        (["12,345", "999,100"], "12.345", "12,345"),
    ],
)
def test_a_column_that_can_be_read_in_two_ways_is_refused(
    texts: list[str], one: str, two: str
) -> None:
    with pytest.raises(InvalidSeries) as caught:
        read_numbers("close", texts)
    assert f"can be read as {one} or as {two}" in caught.value.reason
    assert "decimal in the row of this file in catalog.csv" in caught.value.reason


@pytest.mark.parametrize(
    ("decimal", "numbers"), [(".", [1.029, 989, 1234.5]), (",", None), ("", None)]
)
def test_a_decimal_mark_that_is_named_settles_it(
    decimal: Decimal, numbers: list[float] | None
) -> None:
    texts = ["1.029", "989", "1234.5"]
    if numbers is None:
        with pytest.raises(InvalidSeries):
            read_numbers("close", texts, decimal)
    else:
        assert read_numbers("close", texts, decimal).tolist() == numbers


@pytest.mark.parametrize(("decimal", "first"), [(".", 1.029), (",", 1029.0)])
def test_both_readings_can_be_had(decimal: Decimal, first: float) -> None:
    assert read_numbers("close", ["1.029", "989"], decimal).tolist() == [first, 989]


@pytest.mark.parametrize(
    ("texts", "reason", "row"),
    [
        (["5", "oops"], "close 'oops' is not a number", 1),
        (["5", "1_0"], "close '1_0' is not a number", 1),
        (["5", "inf"], "close 'inf' is not a number", 1),
        (["5", "١٢"], "close '١٢' is not a number", 1),
        (["5", "1.2.3"], "close '1.2.3' is not a number", 1),
        (["5", "(5"], "close '(5' is not a number", 1),
        (["5", "(-5)"], "close '(-5)' is not a number", 1),
        (["5", "5 apples"], "close '5 apples' is not a number", 1),
        (["5", "1.5M"], "close '1.5M' is not a number", 1),
        (["100.5", "99.5", "1,23"], "close '1,23' is written in another way than '100.5' above", 2),
        (["1,234.5", "2.345,5"],
         "close '2.345,5' is written in another way than '1,234.5' above", 1),
        (["12.5%", "3"], "close '3' is in another unit than '12.5%' above", 1),
        (["$5", "€5"], "close '€5' is in another unit than '$5' above", 1),
        (["", "$5", "5"], "close '5' is in another unit than '$5' above", 2),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named(texts: list[str], reason: str, row: int) -> None:
    with pytest.raises(InvalidSeries) as caught:
        read_numbers("close", texts)
    assert (caught.value.reason, caught.value.row) == (reason, row)


def test_a_long_cell_is_refused_at_once() -> None:
    with pytest.raises(InvalidSeries, match="is not a number"):
        read_numbers("close", ["1 " * 50_000 + "x"])
