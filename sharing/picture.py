"""A chart as a picture that can stand alone: its figure, framed by title, finding and source."""

import textwrap
import unicodedata
from collections.abc import Collection, Mapping
from html import escape
from itertools import accumulate
from typing import Any

import flask
import pandas as pd

from components.card import cell_text
from components.chart import Chart, cautions_of, source_line
from components.plotting import EmptyChartError, Figure, UnfinishedChartError, day
from components.theme import INK, ORANGES, WHITE, Theme, base_layout
from data_sources.market import Market
from sharing.answers import query_text, tagged, unchanged
from sharing.exports import Asked, asked
from sharing.pictures import (
    MOST_PIXELS,
    BusyError,
    Format,
    NoBrowserError,
    PictureError,
    Pictures,
)
from sharing.view import RefusedError
from view_state import ViewState

SIZES = {"width": (480, 2400, 1200), "height": (320, 1600, 630), "scale": (1, 3, 2)}
"""Least, most and default of what can be asked for, in CSS pixels; `scale` multiplies them."""

_MOST_ROWS = 40  # of a table
_CELL, _CELL_PAD = 15, 8  # pixels of a line in a table, and around a row's lines
_AROUND = 210  # pixels that words and headings take from the height of a table
_PAD = 24
_COLORBAR = 34
_LINE = 1.35  # of the font's size


def register(server: flask.Flask, market: Market, pictures: Pictures) -> None:
    """Add ``/chart/<card>.png`` and ``.svg``, which `pictures` draws from `market`."""

    @server.get("/chart/<card>.<any(png, svg):form>")
    def drawn(card: str, form: Format) -> flask.Response:
        size = sizes(flask.request.args)
        ask = asked(card, without(query_text(), SIZES), market)
        tag = ask.picture_tag(form, *size.values())
        answer = unchanged(tag)
        if answer is None:
            width, height, scale = size.values()
            # Less room, smaller letters.
            zoom = 1 if width >= 800 and height >= 480 else 0.5
            content = draw(
                pictures, tag, ask,
                width=width, height=height, scale=scale, form=form, zoom=zoom,
            )  # fmt: skip
            mimetype = {"png": "image/png", "svg": "image/svg+xml"}[form]
            answer = tagged(flask.Response(content, mimetype=mimetype), tag)
        answer.headers["Content-Disposition"] = f'inline; filename="{card}.{form}"'
        return answer


def draw(
    pictures: Pictures,
    tag: str,
    ask: Asked,
    *,
    width: int,
    height: int,
    scale: int,
    form: Format,
    zoom: float = 1,
    timeout: float | None = None,
) -> bytes:
    """The picture of a chart.

    Parameters
    ----------
    tag
        Names it; see `Asked.tag`.
    width, height, scale, form, timeout
        As `Pictures.draw` takes them.
    zoom
        How much larger everything in it is than on the page.

    Raises
    ------
    RefusedError
        When there is nothing to draw, or nobody to draw it in time.
    """
    size = {"width": round(width / zoom), "height": round(height / zoom)}

    def figure() -> Figure:
        return picture(ask, **size)

    try:
        return pictures.draw(tag, figure, **size, scale=scale * zoom, format=form, timeout=timeout)
    except EmptyChartError as reason:
        raise RefusedError(str(reason), 404) from reason
    except UnfinishedChartError as progress:
        raise RefusedError(str(progress), 503, retry_after=1) from progress
    except NoBrowserError as reason:
        raise RefusedError(str(reason), 501) from reason
    except BusyError as reason:
        raise RefusedError(str(reason), 429, retry_after=reason.retry_after) from reason
    except PictureError as reason:
        raise RefusedError(str(reason), 503, retry_after=5) from reason


def sizes(args: Mapping[str, str]) -> dict[str, int]:
    """Width, height and scale as a query has them.

    Raises
    ------
    RefusedError
        When one is no whole number in its bounds, or together they are too many pixels.
    """
    chosen = {}
    for name, (low, high, default) in SIZES.items():
        raw = args.get(name, str(default))
        if not (raw.isascii() and raw.isdigit() and len(raw) < 6 and low <= int(raw) <= high):
            raise RefusedError(f"{name} must be a whole number from {low} to {high}.", 400)
        chosen[name] = int(raw)
    if chosen["width"] * chosen["height"] * chosen["scale"] ** 2 > MOST_PIXELS:
        raise RefusedError(f"A picture has at most {MOST_PIXELS:,} pixels, scale included.", 400)
    return chosen


def without(query: str, names: Collection[str]) -> str:
    """A query without what is no part of a view."""
    return "&".join(part for part in query.split("&") if part.partition("=")[0] not in names)


def picture(ask: Asked, *, width: int, height: int) -> Figure:
    """The framed figure of a chart.

    Parameters
    ----------
    ask
        The chart and the view.
    width, height
        In CSS pixels.

    Raises
    ------
    EmptyChartError, UnfinishedChartError
        As the chart's `prepare`.
    """
    chart, state = ask.chart, ask.found.state
    theme: Theme = state.theme or "light"
    frame = chart.prepare(ask.series, state)
    if chart.figure is None:
        figure = _table_figure(chart, chart.table(frame), theme, width - 2 * _PAD, height - _AROUND)
    else:
        figure = chart.figure(frame, state, theme)
    words = [ask.found.title or headline(chart, state), chart.finding(frame, state)]
    return framed(
        figure,
        *words,
        source=" ".join(
            part
            for part in (
                *cautions_of(chart, ask.series, state),
                _frozen_text(ask),
                source_line(ask.series),
                "Bellwether.",
            )
            if part
        ),
        is_sample=any(one.is_sample for one in ask.series.values()),
        theme=theme,
        width=width,
        height=height,
    )


def _frozen_text(ask: Asked) -> str:
    """When a frozen view was frozen."""
    frozen = ask.found.frozen
    return f"Frozen on {day(frozen.link.created_at)}." if frozen else ""


def framed(
    figure: Figure,
    title: str,
    finding: str,
    *,
    source: str,
    is_sample: bool,
    theme: Theme,
    width: int,
    height: int,
) -> Figure:
    """A figure with words around it, which its own margins make room for."""
    ink = INK[theme]
    large, middle, small = 20, 14, 11
    room = width - 2 * _PAD
    badge = 130 if is_sample else 0
    head = _wrapped(title, room - badge, large, most=2)
    lead = _wrapped(finding, room, middle, most=4)
    foot = _wrapped(source, room, small, most=4)
    top = _PAD + len(head) * large * _LINE + len(lead) * middle * _LINE + 10
    bottom = len(foot) * small * _LINE + _PAD
    layout = dict(figure["layout"])
    legend = _legend_height(figure, room)
    margin = {side: layout["margin"].get(side, 40) for side in ("l", "r", "b")}
    # The page's cards have a border of their own.
    margin |= {"l": margin["l"] + 14, "r": margin["r"] + 10}
    margin |= {"t": round(top + legend + 8), "b": round(margin["b"] + bottom)}

    def words(lines: list[str], size: int, colour: str, **place: Any) -> dict[str, Any]:
        return {
            "text": "<br>".join(map(_escaped, lines)), "showarrow": False, "align": "left",
            "font": {"size": size, "color": colour},
            "xref": "paper", "x": 0, "xanchor": "left", "xshift": _PAD - margin["l"],
            "yref": "paper", "y": 1, "yanchor": "top", **place,
        }  # fmt: skip

    def below(pixels: float) -> float:
        """How far a place so many pixels from the upper edge is above the plot."""
        return margin["t"] - pixels

    notes = [
        words(head, large, ink["text"], yshift=below(_PAD - 6)),
        words(lead, middle, ink["text"], yshift=below(_PAD + len(head) * large * _LINE)),
        words(foot, small, ink["muted"], y=0, yanchor="bottom", yshift=_PAD / 2 - margin["b"]),
    ]
    notes[0]["font"]["weight"] = 700
    if is_sample:
        place = {"x": 1, "xanchor": "right", "xshift": margin["r"] - _PAD, "borderpad": 4}
        badge_text = words(["SAMPLE DATA"], small + 1, WHITE, yshift=below(_PAD - 4), **place)
        notes.append({**badge_text, "bgcolor": ORANGES["SOL"]})
    layout |= {
        "width": width,
        "height": height,
        "autosize": False,
        "margin": margin,
        "legend": {
            **layout.get("legend", {}),
            "yref": "container",
            "y": 1 - top / height,
            "yanchor": "top",
        },
        "annotations": [*layout.get("annotations", []), *notes],
    }
    if "title" in layout:  # beside the legend, out of the words' way
        layout["title"] = {
            **layout["title"], "xref": "container", "x": 1 - _PAD / width, "xanchor": "right",
            "yref": "container", "y": 1 - (top + 4) / height, "yanchor": "top",
        }  # fmt: skip
    # Plotly makes selectors of them when it draws a picture, which not every id of ours is.
    traces = [{key: trace[key] for key in trace if key != "uid"} for trace in figure["data"]]
    return {"data": traces, "layout": layout}


def _escaped(text: str) -> str:
    """Plain text for Plotly, which reads markup and knows no quotation marks in it."""
    return escape(text, quote=False)


def _legend_height(figure: Figure, room: float) -> float:
    """Room for the rows of a legend, whose entries are all as wide as the widest."""
    if any("colorbar" in trace for trace in figure["data"]):
        return _COLORBAR
    if not figure["layout"].get("showlegend", True):
        return 0
    names = [
        str(trace["name"])
        for trace in (*figure["data"], *figure["layout"].get("shapes", []))
        if trace.get("name") and trace.get("showlegend", True)
    ]
    if not names:
        return 0
    in_a_row = max(1, room // (7 * max(map(len, names)) + 50))
    return 19 * -(-len(names) // in_a_row) + 7


def headline(chart: Chart, state: ViewState) -> str:
    """What a picture is called that its author did not name."""
    return chart.title if chart.scope == "all" else f"{' × '.join(state.pair)}: {chart.title}"


def _wrapped(text: str, room: float, size: int, *, most: int) -> list[str]:
    """Lines of a text in so many pixels; where they are too many, the last says so."""
    if not text:
        return [""]
    ems = sum(map(_ems, text)) / len(text)
    in_a_line = max(10, int(room / (ems * size)))
    return textwrap.wrap(text, in_a_line, max_lines=most, placeholder=" …")


def _ems(sign: str) -> float:
    """About how wide a sign is, as a share of the font's size."""
    if unicodedata.east_asian_width(sign) in "WF" or sign in "MW":
        return 1.1
    return 0.75 if sign.isupper() else 0.56


def _table_figure(
    chart: Chart, table: pd.DataFrame, theme: Theme, width: int, height: int
) -> Figure:
    """A chart that is a table, as a table: as many whole rows as there is room for."""
    layout, ink = base_layout(theme), INK[theme]
    shown = table.reset_index()
    if isinstance(table.index, pd.DatetimeIndex):
        shown = shown.iloc[::-1]
    shown = shown[list(chart.pictured or shown.columns)].head(_MOST_ROWS)
    names = [str(name).replace("_", " ") for name in shown.columns]
    texts = [[cell_text(value) for value in shown[name]] for name in shown.columns]
    # As wide as what stands in them, up to a point.
    widths = [
        min(28, max(11, *map(len, (name, *column))))
        for name, column in zip(names, texts, strict=True)
    ]
    rooms = [width * part / sum(widths) - 16 for part in widths]
    heights = [
        _CELL
        * max(len(_wrapped(text, room, 11, most=9)) for text, room in zip(row, rooms, strict=True))
        + _CELL_PAD
        for row in zip(*texts, strict=True)
    ]
    rows = max(1, sum(1 for total in accumulate(heights) if total <= height))
    texts = [column[:rows] for column in texts]
    if rows < len(table):
        note = f"{rows} of {len(table):,} rows"
        texts = [[*column, note if at == 0 else ""] for at, column in enumerate(texts)]
    look = {"align": "left", "line": {"color": ink["grid"]}, "fill": {"color": ink["ground"]}}

    def part(values: list[Any], colour: str) -> dict[str, Any]:
        return {**look, "values": values, "font": {"size": 11, "color": colour}}

    return {
        "data": [
            {
                "type": "table",
                "columnwidth": widths,
                "header": part(list(map(_escaped, names)), ink["muted"]),
                "cells": part([list(map(_escaped, column)) for column in texts], ink["text"]),
            }
        ],
        "layout": {**layout, "showlegend": False, "margin": {"l": _PAD, "r": _PAD, "b": 0}},
    }
