"""JSON exports and the JSON Schema of each card."""

import json
from copy import deepcopy
from datetime import date
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator, ValidationError

from components.chart import Chart, described
from components.registry import CHARTS
from sharing.schema import columnar, schema
from tests.unit.components.test_charts import VIEWS, tabled
from view_state import ViewState

by_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


def envelope(chart: Chart, table: pd.DataFrame) -> dict[str, Any]:
    """As it is exported, written to JSON and read again."""
    made = {
        "card": chart.id,
        "title": chart.title,
        "finding": "One sentence.",
        "link": f"http://localhost{chart.page}?v=1",
        "source": "Sample data",
        "as_of": {"RUT": "2026-08-21", "BTC at New York's close": "2026-08-21"},
        "is_sample": True,
        "alignment": "Crypto days end at 00:00 UTC.",
        "definition": chart.definition,
        "annotations": {
            "title": "",
            "note": "",
            "marks": [
                {"from": "2020-03-23", "to": None, "label": "Low"},
                {"from": "2021-01-01", "to": "2021-02-01", "label": ""},
            ],
        },
        "frozen": None,
        "notices": ["One."],
        "columns": [
            {"name": name, "kind": column.kind, "meaning": column.meaning}
            for name, column in described(chart, table)
        ],
        "values": columnar(table),
    }
    return json.loads(json.dumps(made, allow_nan=False))


def validator(chart: Chart) -> Draft202012Validator:
    return Draft202012Validator(schema(chart), format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def example(chart_id: str) -> dict[str, Any]:
    span = (date(2020, 1, 1), date(2021, 6, 30))
    view = ViewState(small_caps=("RUT", "IWN"), span=span, base=60)
    table = tabled(CHARTS[chart_id], view)
    assert table is not None
    return envelope(CHARTS[chart_id], table)


# --- schemas


@by_chart
def test_a_schema_is_one_and_names_no_host(chart: Chart) -> None:
    made = schema(chart)
    Draft202012Validator.check_schema(made)
    assert json.loads(json.dumps(made)) == made
    assert made["$id"] == f"urn:bellwether:card:{chart.id}"
    assert (made["title"], made["description"]) == (chart.title, chart.definition)
    assert made["properties"].keys() == example(chart.id).keys()


@pytest.mark.parametrize("state", VIEWS)
@by_chart
def test_what_is_exported_is_valid(chart: Chart, state: ViewState) -> None:
    table = tabled(chart, state)
    if table is not None:
        validator(chart).validate(envelope(chart, table))


@by_chart
def test_the_values_of_another_card_are_refused(chart: Chart) -> None:
    for other in CHARTS:
        is_own = other == chart.id
        made = {**example(other), "card": chart.id}
        assert validator(chart).is_valid(made) is is_own


def broken(made: dict[str, Any], chart: Chart) -> list[dict[str, Any]]:
    """Copies with one thing wrong."""
    first, number = (
        next(name for name, kind in kinds(made).items() if test(kind))
        for test in (lambda _: True, lambda kind: kind == "number")
    )
    required = [column.name for column in chart.columns if not column.is_pattern]

    def changed(*path: Any, to: Any) -> dict[str, Any]:
        copy = deepcopy(made)
        place = copy
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = to
        return copy

    def without(*path: Any) -> dict[str, Any]:
        copy = deepcopy(made)
        place = copy
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]
        return copy

    return [
        changed("values", "another column", to=[1.0]),
        changed("values", number, 0, to="0.5"),
        changed("values", number, 0, to=True),
        changed("values", number, to=0.5),
        changed("values", first, 0, to=[]),
        *(without("values", name) for name in required),
        *(without(name) for name in made),
        changed("more", to=1),
        changed("card", to="nope"),
        changed("is_sample", to="yes"),
        changed("as_of", "RUT", to="21 Aug 2026"),
        changed("annotations", "marks", 0, "from", to=None),
        changed("annotations", "marks", 0, "to", to="later"),
        changed("frozen", to={"id": "abc"}),
        changed("columns", 0, "kind", to="float"),
        without("columns", 0, "meaning"),
    ]


def kinds(made: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["kind"] for column in made["columns"]}


@by_chart
def test_what_is_wrong_is_refused(chart: Chart) -> None:
    made, check = example(chart.id), validator(chart)
    check.validate(made)
    for wrong in broken(made, chart):
        with pytest.raises(ValidationError):
            check.validate(wrong)


@by_chart
def test_kinds_are_held(chart: Chart) -> None:
    made, check = example(chart.id), validator(chart)
    wrong = {"date": "2020-02-30", "number": "1", "integer": 1.5, "text": 1, "boolean": 1}
    for name, kind in kinds(made).items():
        for value, fits in ((None, True), (wrong[kind], False)):
            copy = {**made, "values": {**made["values"], name: [value]}}
            assert check.is_valid(copy) is fits, (name, value)


def test_a_frozen_view_says_which_and_when() -> None:
    chart = CHARTS["matrix"]
    frozen = {"id": "k3x9", "at": "2025-12-12T14:03:00Z"}
    validator(chart).validate({**example("matrix"), "frozen": frozen})


# --- values


@pytest.mark.parametrize("state", VIEWS[:8])
@by_chart
def test_values_are_the_tables_to_the_last_digit(chart: Chart, state: ViewState) -> None:
    table = tabled(chart, state)
    if table is None:
        return
    read, flat = json.loads(json.dumps(columnar(table))), table.reset_index()
    assert list(read) == list(flat.columns)
    for name, column in described(chart, table):
        expected = [
            None if pd.isna(value) else f"{value:%Y-%m-%d}" if column.kind == "date" else value
            for value in flat[name]
        ]
        assert read[name] == expected
        known = {type(value) for value in read[name]} - {type(None)}
        wanted = {"number": float, "integer": int, "text": str, "date": str}
        assert known <= {wanted[column.kind]}


def test_what_is_missing_is_null_and_types_are_pythons() -> None:
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-02", None, "2024-01-04"]),
            "gaps": pd.array([3, None, -4], "Int64"),
            "whole": np.array([1, 2, 3], "int32"),
            "number": [0.1 + 0.2, np.nan, -np.inf],
            "sure": [True, False, True],
            "unsure": pd.array([True, None, False], "boolean"),
            "word": ["a", None, "×"],
            "thing": np.array(["a", None, np.nan], dtype=object),
        },
        pd.Index([10, 20, 30], name="row"),
    )
    made = columnar(frame)
    assert made == {
        "row": [10, 20, 30],
        "day": ["2024-01-02", None, "2024-01-04"],
        "gaps": [3, None, -4],
        "whole": [1, 2, 3],
        "number": [0.30000000000000004, None, None],
        "sure": [True, False, True],
        "unsure": [True, None, False],
        "word": ["a", None, "×"],
        "thing": ["a", None, None],
    }
    plain = {bool, int, float, str, type(None)}
    assert {type(value) for column in made.values() for value in column} <= plain


def test_an_empty_table_has_its_columns() -> None:
    frame = pd.DataFrame({"x": [1.0]}, pd.DatetimeIndex([date(2024, 1, 2)], name="date"))[:0]
    assert columnar(frame) == {"date": [], "x": []}


def test_a_long_table_takes_milliseconds() -> None:
    """About 4; the bound leaves room for a busy machine."""
    days = pd.date_range("2010-01-01", periods=4000, name="date")
    numbers = np.random.default_rng(1).normal(size=(4000, 14))
    numbers[::3] = np.nan
    frame = pd.DataFrame(numbers, days, [f"C{i}" for i in range(14)])
    times = []
    for _ in range(10):
        start = perf_counter()
        columnar(frame)
        times.append(perf_counter() - start)
    assert min(times) < 0.025
