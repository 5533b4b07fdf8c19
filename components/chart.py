"""The contract every chart keeps, and how one is rendered for a view."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import pandas as pd

from components.cautions import cautions
from components.plotting import (
    SAMPLE_NOTE,
    EmptyChartError,
    Figure,
    UnfinishedChartError,
    day,
)
from components.present import age
from components.theme import Theme
from data_sources.series import Series
from view_state import ViewState

EMPTY_FIGURE: Figure = {"data": [], "layout": {}}
_DAY_END = {
    "nyclose": "Crypto days end at New York's close.",
    "utc": "Crypto days end at 00:00 UTC.",
    "": "Days are as the files have them.",
}

Scope = Literal["view", "utc", "both", "all"]
Kind = Literal["date", "number", "integer", "text", "boolean"]
Basis = Literal["returns", "events"]

# Parts of the names of columns, as regular expressions that Python and JSON Schema read alike.
INSTRUMENT = r"\^?[A-Z0-9][A-Z0-9._-]{0,15}"  # an id, as a link has it
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

_Made = TypeVar("_Made")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Column:
    """One column of a chart's table, or one kind of columns.

    Attributes
    ----------
    name : str
        The name, or where `is_pattern` a regular expression that all of it matches.
    kind : {"date", "number", "integer", "text", "boolean"}
        Of its values; where one is missing there is NaN, NaT or NA.
    meaning : str
        What the values are, with the unit.
    is_pattern : bool
        Whether the table has as many columns of this kind as the view asks for, or none.
    """

    name: str
    kind: Kind
    meaning: str
    is_pattern: bool = False

    def describes(self, name: str) -> bool:
        """Whether a column of this name is meant."""
        return bool(re.fullmatch(self.name, name)) if self.is_pattern else name == self.name


@dataclass(frozen=True)
class Chart:
    """One chart: everything on the page and in every export is made from these functions.

    Attributes
    ----------
    id : str
        Stable id, part of the chart's addresses.
    title : str
    prepare : callable
        ``(series, state) -> frame``. Analytics only. Raises EmptyChartError with a reason in words
        when there is nothing to draw.
    figure : callable
        ``(frame, state, theme) -> Figure``. Pure. None for a chart that is a table only, which
        stands in its ``details``.
    finding : callable
        ``(frame, state) -> str``. One plain sentence, with its numbers and N.
    table : callable
        ``(frame) -> DataFrame``. The plotted values: named index, columns with one name and one
        kind each.
    columns : tuple of Column
        What the columns of `table` are, the index first.
    definition : str
        What the values are and how they are computed, in one to three sentences.
    details : callable, optional
        ``(frame, state) -> list of components`` shown under the chart.
    scope : {"view", "utc", "both", "all"}
        Which series `prepare` gets: the chosen ones, with the crypto day of the view; those with
        coins by UTC days, which reach farthest back; those by UTC days and, as :func:`at_new_york`
        names them, at New York's close; every small cap and coin there is, by UTC days.
    is_slow : bool
        Whether `prepare` may raise UnfinishedChartError and is then asked again.
    page : str
        Address of the page the chart stands on.
    of : tuple of {"returns", "events"}
        What it counts: the reader is then told of returns left out, and of times in which nobody
        saw a breakout.
    pictured : tuple of str
        Columns that a picture of a table has room for; all of them where none is named.
    """

    id: str
    title: str
    prepare: Callable[[Mapping[str, Series], ViewState], Any]
    figure: Callable[[Any, ViewState, Theme], Figure] | None
    finding: Callable[[Any, ViewState], str]
    table: Callable[[Any], pd.DataFrame]
    columns: tuple[Column, ...]
    definition: str
    details: Callable[[Any, ViewState], list[Any]] | None = None
    scope: Scope = "view"
    is_slow: bool = False
    page: str = "/"
    of: tuple[Basis, ...] = ()
    pictured: tuple[str, ...] = ()


def described(chart: Chart, table: pd.DataFrame) -> list[tuple[str, Column]]:
    """Names of a table's columns, the index first, and what describes each.

    Raises
    ------
    ValueError
        Where a column is described by none of the chart's, or by several.
    """
    found = []
    for name in (*table.index.names, *table.columns):
        fitting = [column for column in chart.columns if column.describes(str(name))]
        if len(fitting) != 1:
            raise ValueError(f"{chart.id}: {len(fitting)} descriptions of the column {name}")
        found.append((str(name), fitting[0]))
    return found


def at_new_york(coin: str) -> str:
    """Name of a coin's series at New York's close, where a chart gets it beside that by UTC."""
    return f"{coin} at New York's close"


@dataclass(frozen=True)
class Rendered:
    """A chart for one view.

    ``status`` is "ready", "empty", "working" (ask again) or "failed"; ``message`` says why.

    ``cautions`` say what a reader must know about the prices (:mod:`components.cautions`);
    ``source`` is the :func:`source_line`; ``is_stale`` when it says why values are not newer.
    """

    status: str
    figure: Figure
    finding: str
    source: str
    details: list[Any]
    message: str = ""
    is_stale: bool = False
    cautions: tuple[str, ...] = ()


def render(chart: Chart, series: Mapping[str, Series], state: ViewState) -> Rendered:
    """Draw a chart. Never raises: nothing to draw and failures are states of their own."""
    source, is_stale = source_line(series, ages=True), any(one.stale for one in series.values())

    def draw() -> Rendered:
        frame = chart.prepare(series, state)
        return Rendered(
            status="ready",
            # The page recolours its inks in css, so the browser always gets the light figure.
            figure=chart.figure(frame, state, "light") if chart.figure else EMPTY_FIGURE,
            finding=chart.finding(frame, state),
            source=source,
            details=chart.details(frame, state) if chart.details else [],
            is_stale=is_stale,
            cautions=cautions_of(chart, series, state),
        )

    drawn, status, message = _attempt(draw, chart, state)
    return drawn or Rendered(status, EMPTY_FIGURE, "", source, [], message, is_stale)


def nothing(message: str) -> Rendered:
    """A chart of which there is nothing to draw."""
    return Rendered("empty", EMPTY_FIGURE, "", "", [], message)


@dataclass(frozen=True)
class Values:
    """The plotted values of a chart, its finding, and what a reader must know of the prices."""

    table: pd.DataFrame
    finding: str
    cautions: tuple[str, ...]


def values(
    chart: Chart, series: Mapping[str, Series], state: ViewState
) -> tuple[Values | None, str, str]:
    """The plotted values of a chart, or None; its status, and why there are none. Never raises."""

    def read() -> Values:
        frame = chart.prepare(series, state)
        return Values(
            chart.table(frame), chart.finding(frame, state), cautions_of(chart, series, state)
        )

    return _attempt(read, chart, state)


def _attempt(
    make: Callable[[], _Made], chart: Chart, state: ViewState
) -> tuple[_Made | None, str, str]:
    """What `make` makes, the status, and a message for the reader when it makes nothing."""
    try:
        return make(), "ready", ""
    except UnfinishedChartError as progress:
        return None, "working", str(progress)
    except EmptyChartError as reason:
        return None, "empty", str(reason)
    except Exception:
        logger.exception("chart %s failed for %s", chart.id, state)
        message = "This chart could not be drawn. The others are not affected; the log says why."
        return None, "failed", message


def cautions_of(chart: Chart, series: Mapping[str, Series], state: ViewState) -> tuple[str, ...]:
    """What a reader of a chart must know about the prices behind it."""
    return cautions(
        series,
        state,
        of_returns="returns" in chart.of,
        of_events="events" in chart.of,
        of_all=chart.scope == "all",
    )


def source_line(series: Mapping[str, Series], *, ages: bool = False) -> str:
    """Why values are not newer, where they come from, their last day and when their days end."""
    source = sources(series, ages=ages)
    if source and not any(one.is_sample for one in series.values()):
        source = f"Source: {source}"
    parts = (*_reasons(series), source, alignment(series))
    return " ".join(part for part in parts if part)


def sources(series: Mapping[str, Series], *, ages: bool = False) -> str:
    """Where values come from and their last day.

    With `ages` also how long ago that was, which would soon be wrong in a file.
    """
    if not series:
        return ""
    is_sample = any(one.is_sample for one in series.values())
    by_day: dict[tuple[pd.Timestamp, str], list[str]] = {}
    for one in series.values():
        when = one.as_of
        old = (
            f" ({age((pd.Timestamp(one.looked_at) - when).days)})" if one.looked_at and ages else ""
        )
        by_day.setdefault((when, old), []).append(one.id if one.is_sample else one.source)
    parts = [
        f"{', '.join(dict.fromkeys(names))} to {day(when)}{old}"
        for (when, old), names in by_day.items()
    ]
    return f"{f'{SAMPLE_NOTE}: ' if is_sample else ''}{'; '.join(parts)}."


def alignment(series: Mapping[str, Series]) -> str:
    """When the days of the coins end; "" without coins."""
    ends = {one.day_end for one in series.values() if one.instrument.kind == "coin"}
    return " ".join(_DAY_END[end] for end in sorted(ends))


def _reasons(series: Mapping[str, Series]) -> list[str]:
    """Why values are not newer."""
    reasons: dict[str, list[str]] = {}
    for one in series.values():
        if one.stale:
            reasons.setdefault(one.stale.removesuffix("."), []).append(one.id)
    return [f"Stale {', '.join(ids)}: {reason}." for reason, ids in reasons.items()]
