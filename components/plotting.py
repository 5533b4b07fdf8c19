"""Encoding shared by the charts: compact arrays, the shown span, rules and shades."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.theme import Theme, template
from data_sources.series import Series
from view_state import ViewState

SAMPLE_NOTE = "Sample data: simulated between published turning points"
_NOON = 12 * 3_600_000


class EmptyChartError(Exception):
    """There is nothing to draw; the message says why, in words for the reader."""


def milliseconds(dates: pd.DatetimeIndex) -> np.ndarray:
    """Noon of each day in milliseconds since 1970, as float32.

    float32 halves the figure and is off by at most 66 seconds until 2039; noon keeps the day.
    """
    days = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    return (days * 86_400_000 + _NOON).astype(np.float32)


def noon(day: pd.Timestamp | date) -> str:
    """One day as an axis position, in the same place as :func:`milliseconds` puts it."""
    return f"{pd.Timestamp(day):%Y-%m-%d} 12:00"


def day(when: pd.Timestamp | date) -> str:
    """A date as a reader writes it: 14 Nov 2016."""
    return f"{when.day} {when:%b %Y}"


def values(column: pd.Series | np.ndarray) -> np.ndarray:
    """Values as float32 for drawing. NaN is a gap."""
    return np.asarray(column, dtype=np.float32)


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
    first = max(min(c.index[0] for c in small_caps), min(c.index[0] for c in coins))
    last = max(c.index[-1] for c in (*small_caps, *coins))
    start = pd.Timestamp(state.span[0]) if state.span[0] else first
    end = min(pd.Timestamp(state.span[1]) if state.span[1] else last, last)
    if start >= end:
        raise EmptyChartError(
            f"There are no prices in the chosen dates: the data runs from {day(first)} to "
            f"{day(last)}."
        )
    return max(start, min(c.index[0] for c in (*small_caps, *coins))), end


def base_figure(span: tuple[pd.Timestamp, pd.Timestamp], theme: Theme) -> go.Figure:
    """An empty figure on the shared time axis."""
    figure = go.Figure(layout={"template": template(theme)})
    figure.update_xaxes(
        type="date",
        range=[noon(span[0]), noon(span[1])],
        fixedrange=False,
        hoverformat="%-d %b %Y",
        # A zoom made by hand survives an update until the range itself changes.
        uirevision=f"{span[0]}{span[1]}",
    )
    figure.update_layout(uirevision=f"{span[0]}{span[1]}")
    return figure


def rule(figure: go.Figure, dates: pd.DatetimeIndex, colour: str) -> None:
    """Draw a thin vertical rule on each date, across the whole plot."""
    for when in dates:
        figure.add_shape(
            type="line", x0=noon(when), x1=noon(when), y0=0, y1=1, yref="paper", layer="below",
            line={"color": colour, "width": 1, "dash": "dot"},
        )  # fmt: skip
