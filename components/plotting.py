"""Encoding shared by the charts: compact arrays, the shown span, rules and shades."""

from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from components.theme import INK, MARK, Theme, base_layout, faded
from data_sources.series import Series
from view_state import Mark, ViewState

SAMPLE_NOTE = "Sample data: simulated between published turning points"
_DAY_END = {"nyclose": " at New York closes", "utc": " by UTC days", "": ""}


# A figure as plotly.js reads it. Plain, because go.Figure takes ten times as long to build and
# write; tests pass every figure through its validators instead.
Figure = dict[str, Any]


class EmptyChartError(Exception):
    """There is nothing to draw; the message says why, in words for the reader."""


class UnfinishedChartError(Exception):
    """What is drawn is still being computed; the message says how far it is."""


def axis_days(dates: pd.DatetimeIndex) -> list[str]:
    """Days, ascending, as positions on a date axis, such as ["2016-11-14"].

    Text, for plotly.js takes a number for a moment of the reader's clock, which far from Greenwich
    stands on another day.
    """
    if not len(dates):
        return []
    first, last = (dates[i].year // 100 for i in (0, -1))
    days = dates.to_numpy().astype("datetime64[D]") - np.datetime64(f"{100 * first:04}", "D")
    return _calendar(first, last)[days.astype(np.int64)].tolist()


@lru_cache(maxsize=4)
def _calendar(first: int, last: int) -> np.ndarray:
    """Every day of some centuries (19: the years from 1900) as text, which takes a while."""
    days = np.arange(f"{100 * first:04}", f"{100 * (last + 1):04}", dtype="datetime64[D]")
    return np.datetime_as_string(days).astype(object)


def axis_day(when: pd.Timestamp | date) -> str:
    """One day as an axis position, in the same place as :func:`axis_days` puts it."""
    return f"{when:%Y-%m-%d}"


def day(when: pd.Timestamp | date) -> str:
    """A date as a reader writes it: 14 Nov 2016."""
    return f"{when.day} {when:%b %Y}"


def p_value(p: float) -> str:
    """A p-value, not NaN: p = 0.048."""
    return f"p {p_digits(p)}" if p < 0.001 else f"p = {p_digits(p)}"


def p_digits(p: float) -> str:
    """As many digits of a p-value as mean something."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def day_end(series: Mapping[str, Series], coins: Collection[str]) -> str:
    """When the days of these coins end, to follow what was made of them; "" when not known."""
    ends = {series[i].day_end for i in coins if i in series}
    return _DAY_END[ends.pop()] if len(ends) == 1 else ""


def values(column: pd.Series | np.ndarray) -> dict[str, str]:
    """Values as plotly.js's typed array of float32, for drawing. NaN is a gap."""
    raw = np.asarray(column, dtype="<f4").tobytes()
    return {"dtype": "f4", "bdata": b64encode(raw).decode("ascii")}


def shown_span(series: Mapping[str, Series], state: ViewState) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day on screen.

    The whole history starts where both kinds do: the first day with a small cap and a coin.

    Raises
    ------
    EmptyChartError
        When no selected series has data, or none within the chosen dates.
    """
    small_caps = [series[i].close for i in state.small_caps if i in series]
    coins = [series[i].close for i in state.coins if i in series]
    if not small_caps or not coins:
        raise EmptyChartError("Choose at least one small-cap series and one coin that have data.")
    together = max(min(c.index[0] for c in small_caps), min(c.index[0] for c in coins))
    first = min(c.index[0] for c in (*small_caps, *coins))
    last = max(c.index[-1] for c in (*small_caps, *coins))
    start = max(pd.Timestamp(state.span[0]), first) if state.span[0] else together
    end = min(pd.Timestamp(state.span[1]), last) if state.span[1] else last
    if start >= end:
        raise EmptyChartError(
            f"There are no prices in the chosen dates: the data runs from {day(first)} to "
            f"{day(last)}."
        )
    return start, end


def sample_mark(series: Mapping[str, Series]) -> list[dict[str, Any]]:
    """The note that sample data carries into every picture; nothing for other data."""
    if not any(one.is_sample for one in series.values()):
        return []
    return [
        {
            "text": SAMPLE_NOTE, "font": {"size": 9}, "showarrow": False,
            "xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 0,
            "yanchor": "bottom",
        }
    ]  # fmt: skip


def base_figure(
    series: Mapping[str, Series],
    span: tuple[pd.Timestamp, pd.Timestamp],
    theme: Theme,
    marks: Collection[Mark] = (),
) -> Figure:
    """An empty figure on the shared time axis, with the author's marks."""
    layout = base_layout(theme)
    layout["shapes"] = _marked(marks, span, theme)
    layout["annotations"] = sample_mark(series)
    shown = f"{span[0]:%Y-%m-%d}..{span[1]:%Y-%m-%d}"
    layout["xaxis"] |= {
        "type": "date",
        "range": [axis_day(span[0]), axis_day(span[1])],
        "fixedrange": False,
        "hoverformat": "%-d %b %Y",
    }
    # In pixels: over a long range days lie close, and a marker speaks only when pointed at.
    layout["hoverdistance"] = 4 if (span[1] - span[0]).days > 500 else 20
    # A zoom made by hand survives an update until the range itself changes.
    layout["uirevision"] = shown
    return {"data": [], "layout": layout}


def _marked(
    marks: Collection[Mark], span: tuple[pd.Timestamp, pd.Timestamp], theme: Theme
) -> list[dict[str, Any]]:
    """A labelled rule for each day and a shade for each range, as far as they are shown."""
    start, end = (edge.date() for edge in span)
    shown = [one for one in marks if one.first <= end and (one.last or one.first) >= start]
    shapes = []
    for position, mark in enumerate(shown):
        first, last = max(mark.first, start), min(mark.last or mark.first, end)
        # Near the right end there is no room to the right of it.
        is_late = (end - first).days < 0.2 * (end - start).days
        shapes.append(
            {
                "type": "rect" if mark.last else "line",
                "x0": axis_day(first), "x1": axis_day(last),
                # Neighbours' labels stand above each other.
                "y0": 0, "y1": 1 - 0.08 * (position % 3), "yref": "paper", "layer": "between",
                "line": {"color": MARK, "width": 0 if mark.last else 1.5},
                "fillcolor": faded(MARK, 0.14),
                "label": {
                    # Plotly reads text as markup; the author writes plain text.
                    "text": escape(mark.label, quote=False),
                    "textposition": ("top right" if is_late else "top left")
                    if mark.last
                    else "end",
                    "xanchor": "right" if is_late else "left", "yanchor": "top", "textangle": 0,
                    "padding": 3,
                    "font": {"size": 11, "color": INK[theme]["text"]},
                },
            }
        )  # fmt: skip
    return shapes


def rules(dates: pd.DatetimeIndex, colour: str) -> list[dict[str, Any]]:
    """Thin vertical rules across the whole plot, one a date."""
    return [
        {
            "type": "line", "x0": axis_day(when), "x1": axis_day(when), "y0": 0, "y1": 1,
            "yref": "paper", "layer": "below",
            "line": {"color": colour, "width": 1, "dash": "dot"},
        }
        for when in dates
    ]  # fmt: skip
