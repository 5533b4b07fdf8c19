"""A day is drawn as that day: nothing on a date axis depends on anybody's clock."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.plotting import axis_day, axis_days, day
from components.registry import CHARTS
from tests.unit.components.test_charts import BUSY, VIEWS, prepared, tabled
from view_state import Mark

ROOT = Path(__file__).parents[3]
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MARKS = (
    Mark(date(2020, 3, 23), None, "Low"),
    Mark(date(2022, 1, 1), date(2022, 11, 21), "Winter"),
)
DRAWN = {name: chart for name, chart in CHARTS.items() if chart.figure}


def placed(figure: dict[str, Any], axis: str) -> Iterator[tuple[str, object]]:
    """Everything that stands somewhere on an axis ("x", "y2"), and where."""
    letter, layout = axis[0], figure["layout"]
    settings = layout.get(axis.replace(letter, f"{letter}axis", 1), {})
    for key in ("range", "tickvals", "tick0", "minallowed", "maxallowed"):
        yield from ((key, value) for value in np.ravel(settings.get(key, [])))
    for one in figure["data"]:
        if one.get(f"{letter}axis", letter) == axis:
            positions = one.get(letter, [])
            # A typed array holds numbers, whatever they are meant to be.
            yield from ((one["uid"], value) for value in np.ravel(positions))
            yield from (
                (one["uid"], one[key]) for key in (f"{letter}0", f"d{letter}") if key in one
            )
    for kind in ("shapes", "annotations", "images"):
        for one in layout.get(kind, []):
            if one.get(f"{letter}ref", letter) == axis:
                yield from (
                    (kind, one[key]) for key in (letter, f"{letter}0", f"{letter}1") if key in one
                )


def axes(figure: dict[str, Any]) -> set[str]:
    """The axes of a figure, as traces and shapes name them."""
    found = {key.replace("axis", "", 1) for key in figure["layout"] if re.match("[xy]axis", key)}
    return found | {one.get(f"{letter}axis", letter) for one in figure["data"] for letter in "xy"}


def is_day(value: object) -> bool:
    return isinstance(value, str) and bool(DAY.fullmatch(value))


@pytest.mark.parametrize("state", VIEWS)
@pytest.mark.parametrize("name", DRAWN)
def test_everything_on_a_date_axis_is_a_day_written_out(name: str, state) -> None:
    """Plotly takes a number there for a moment of the reader's clock, and would shift the day."""
    chart, state = CHARTS[name], replace(state, marks=MARKS)
    if tabled(chart, state) is None:
        return
    figure = chart.figure(prepared(chart, state), state, "light")
    for axis in axes(figure):
        kind = figure["layout"].get(f"{axis[0]}axis{axis[1:]}", {}).get("type")
        wrong = [one for one in placed(figure, axis) if is_day(one[1]) is not (kind == "date")]
        assert not wrong, (axis, kind)


def test_the_charts_with_a_date_axis_have_things_on_it() -> None:
    """So that the test above looks at something."""
    state = replace(BUSY, marks=MARKS, span=(date(2019, 1, 1), None))
    on_days = {}
    for name, chart in DRAWN.items():
        figure = chart.figure(prepared(chart, state), state, "light")
        if figure["layout"]["xaxis"].get("type") == "date":
            on_days[name] = {kind for kind, _ in placed(figure, "x")}
    assert set(on_days) == {"overlay", "rolling-correlation", "lead-lag-map"}
    assert all({"range", "shapes"} < kinds for kinds in on_days.values())
    assert {"overlay-RUT", "overlay-end-RUT", "overlay-breakouts"} < on_days["overlay"]
    assert {"line-RUT-BTC", "band", "envelope"} < on_days["rolling-correlation"]
    assert "lead-lag-map" in on_days["lead-lag-map"]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_days_are_written_as_they_are(unit: str) -> None:
    days = pd.date_range("1896-05-26", "2112-12-31", unit=unit)
    for some in (days, days[::97], days[-400:], days[:1], days[:0]):
        assert axis_days(some) == [one.date().isoformat() for one in some]
    for one in (days[0], date(1896, 5, 26)):
        assert axis_day(one) == "1896-05-26"


def test_months_are_in_english_whatever_the_server_speaks() -> None:
    """Python writes months in the language of a locale only where one has been set."""
    code = "import app, locale; print(locale.setlocale(locale.LC_TIME))"
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, cwd=ROOT)
    assert told == b"C\n"
    months = [day(date(2024, month, 9)).split()[1] for month in range(1, 13)]
    assert " ".join(months) == "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
