"""What a card's JSON export holds: its values as lists, and a JSON Schema of all of it."""

from typing import Any

import numpy as np
import pandas as pd

from components.chart import Chart, Column, Kind

_DATE = {"type": "string", "format": "date"}
_TEXT = {"type": "string"}
_TYPES: dict[Kind, dict[str, Any]] = {
    "date": {"type": ["string", "null"], "format": "date"},
    "number": {"type": ["number", "null"]},
    "integer": {"type": ["integer", "null"]},
    "text": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
}


def columnar(table: pd.DataFrame) -> dict[str, list[Any]]:
    """A chart's table as lists that JSON can hold, one a column, the index first.

    Dates become YYYY-MM-DD and what is missing None; numbers stay what they are, to the last digit.
    """
    flat = table.reset_index()
    return {str(name): _values(flat[name]) for name in flat}


def _values(column: pd.Series) -> list[Any]:
    if column.dtype.kind == "M":
        days = np.datetime_as_string(column.to_numpy(), unit="D").tolist()
        return [None if day == "NaT" else day for day in days]
    if column.dtype == np.float64:
        numbers = column.to_numpy()
        unknown = ~np.isfinite(numbers)  # JSON has no infinity either
        if unknown.any():
            numbers = numbers.astype(object)
            numbers[unknown] = None
        return numbers.tolist()
    if not column.hasnans:
        return column.tolist()
    return column.to_numpy(dtype=object, na_value=None).tolist()


def schema(chart: Chart) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a card's JSON export.

    Every column with a name of its own has to be there; of those named by a pattern there are as
    many as the view asks for. Nothing else may be.
    """
    named = [column for column in chart.columns if not column.is_pattern]
    patterns = [column for column in chart.columns if column.is_pattern]
    values = _object(
        {column.name: _list(column) for column in named},
        patternProperties={f"^(?:{column.name})$": _list(column) for column in patterns},
        description="One list a column, all of one length; null where a value is missing.",
    )
    mark = {
        "from": _DATE,
        "to": {**_TYPES["date"], "description": "null for a single day"},
        "label": _TEXT,
    }
    column = {"name": _TEXT, "kind": {"enum": list(_TYPES)}, "meaning": _TEXT}
    frozen = _object({"id": _TEXT, "at": {"type": "string", "format": "date-time"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bellwether:card:{chart.id}",
        "title": chart.title,
        **_object(
            {
                "card": {"const": chart.id},
                "title": _TEXT,
                "finding": {**_TEXT, "description": "The values in a sentence."},
                "link": {"type": "string", "format": "uri", "description": "The view they are of."},
                "source": {
                    **_TEXT,
                    "description": "Where the prices come from, and their last day.",
                },
                "as_of": {
                    "type": "object",
                    "additionalProperties": _DATE,
                    "description": "Last day of each series.",
                },
                "is_sample": {"type": "boolean", "description": "Whether prices are simulated."},
                "alignment": {**_TEXT, "description": "When the days of coins end."},
                "definition": {**_TEXT, "description": "What the values are."},
                "annotations": _object(
                    {"title": _TEXT, "note": _TEXT, "marks": _array(_object(mark))},
                    description="What the author of the link wrote.",
                ),
                "frozen": {
                    "anyOf": [frozen, {"type": "null"}],
                    "description": "Which kept prices the view is of; null for the latest.",
                },
                "notices": _array(_TEXT, description="What of the link could not be used."),
                "columns": _array(
                    _object(column), description="What each list of values is, in order."
                ),
                "values": values,
            },
            description=chart.definition,
        ),
    }


def _list(column: Column) -> dict[str, Any]:
    return _array(_TYPES[column.kind], description=column.meaning)


def _array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object that has all of these and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }
