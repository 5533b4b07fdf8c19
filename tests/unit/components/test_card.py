"""The accessible table of a card."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash import html

from components.card import value_table


def cells(frame: pd.DataFrame) -> list[list[Any]]:
    _, _, body = value_table(frame, 1, "Values").children.children
    return [[cell.children for cell in row.children] for row in body.children]


@pytest.mark.parametrize("value", [0.1 + 0.2, -1 / 3, 1e-9, 12345.678901234567, 5e22, -0.0])
@pytest.mark.parametrize("make", [float, np.float64])
def test_a_number_is_shown_rounded_and_carried_exactly(value: float, make: type) -> None:
    ((_, cell),) = cells(pd.DataFrame({"x": pd.Series([make(value)])}))
    assert isinstance(cell, html.Data)
    assert cell.value == repr(value)
    assert float(cell.value) == value
    assert float(cell.children.replace(",", "")) == pytest.approx(value, abs=0.005)


def test_cells_are_written_as_their_files_have_them() -> None:
    days = pd.to_datetime(["2024-01-02", None])
    frame = pd.DataFrame(
        {
            "day": days,
            "count": pd.array([3, None], "Int64"),
            "whole": [1200, -1],
            "name": ["Bitcoin", None],
            "share": [np.nan, 0.5],
        },
        pd.Index(["a", "b"], name="row"),
    )
    first, second = cells(frame)
    assert first == ["a", "2024-01-02", "3", "1200", "Bitcoin", ""]
    assert second[:-1] == ["b", "", "", "-1", ""]
    assert (second[-1].children, second[-1].value) == ("0.5000", "0.5")
