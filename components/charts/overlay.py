"""Small caps and coins on one chart, breakouts marked, rallies shaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.event_odds import overlap
from analytics.event_study import wilson_interval
from analytics.rallies import rally_spans
from analytics.scaling import drawdown, rebased, z_score
from components.cautions import move_text
from components.chart import INSTRUMENT, Chart, Column
from components.event_study import (
    Study,
    median_return,
    no_breakouts,
    no_outcome,
    noun,
    rule_of,
    share_interval,
    signed,
    study_of,
    why_unknown,
)
from components.plotting import (
    EmptyChartError,
    Figure,
    axis_day,
    axis_days,
    base_figure,
    day,
    day_end,
    rules,
    shown_span,
    values,
)
from components.returns import own_holes, spaced
from components.theme import DASHES, WHITE, Theme, colour, faded
from data_sources.series import Series
from view_state import HORIZONS, ViewState

HORIZON = 180  # days: the finding's, whatever that of the evidence

_AXIS = {
    "rebased": "Rebased to 100, log",
    "z": "Standard deviations of log price",
    "drawdown": "Below the highest close so far",
    "price": "Small caps, price, log",
}


@dataclass(frozen=True)
class Overlay:
    """What the overlay shows, ready to draw.

    ``lines`` maps id to the plotted values; ``base_day`` is where they are 100, None when no day
    is in all of them and each starts at 100. ``study`` is that of the focus small cap's
    breakouts in the focus coin, whichever leads on the other pages. ``events`` has one row a shown
    breakout with its ``entry``, the coin's next close, and the coin's returns from there under each
    horizon (days); ``any_day`` has the same for every day shown.
    """

    series: Mapping[str, Series]
    span: tuple[pd.Timestamp, pd.Timestamp]
    base_day: pd.Timestamp | None
    lines: Mapping[str, pd.Series]
    study: Study
    events: pd.DataFrame
    any_day: pd.DataFrame
    rallies: pd.DataFrame


def prepare(series: Mapping[str, Series], state: ViewState) -> Overlay:
    """Scale every line over the shown span and find breakouts and rallies in the whole history."""
    start, end = span = shown_span(series, state)
    closes = {i: series[i].close[:end] for i in (*state.small_caps, *state.coins) if i in series}
    closes = {i: close for i, close in closes.items() if len(close[start:])}
    if not closes or any(i not in series for i in state.pair):
        raise EmptyChartError("None of the chosen series has prices in the dates shown.")
    base_day = max(close[start:].index[0] for close in closes.values())
    if base_day > min(close.index[-1] for close in closes.values()):
        base_day = None
    small_cap, coin = (series[i] for i in state.pair)
    seen = study_of(small_cap, coin, rule_of(state), span, coin.looked_at)
    rallies = _rallies(coin, end, state.rally)
    return Overlay(
        series=series,
        span=span,
        base_day=base_day,
        lines={i: _scaled(close, state.scale, start, base_day) for i, close in closes.items()},
        study=seen,
        events=seen.events.join(seen.outcomes),
        any_day=seen.any_day,
        rallies=rallies[rallies["peak"] > start],
    )


@lru_cache(maxsize=64)
def _rallies(coin: Series, end: pd.Timestamp, rise: int) -> pd.DataFrame:
    """Rallies of a coin by so many percent up to a day, remembered."""
    return rally_spans(coin.believed[:end], rise / 100)


def _scaled(
    close: pd.Series, scale: str, start: pd.Timestamp, base_day: pd.Timestamp | None
) -> pd.Series:
    if scale == "drawdown":  # counted from the highest close ever, shown or not
        return drawdown(close)[start:]
    shown = close[start:]
    if scale == "rebased":
        return rebased(shown, base_day or shown.index[0])
    return z_score(shown) if scale == "z" else shown


def figure(frame: Overlay, state: ViewState, theme: Theme) -> Figure:
    """Draw the overlay."""
    fig = base_figure(frame.series, frame.span, theme, state.marks)
    layout = fig["layout"]
    layout["shapes"] += _rally_shades(frame, state)
    layout["shapes"] += rules(frame.events.index, _ink(frame, state.pair[0]))
    fig["data"] += [_line(i, line, frame, state) for i, line in frame.lines.items()]
    if state.scale != "price":  # there the second axis stands where the lines end
        fig["data"] += _line_ends(frame, state)
    fig["data"] += _breakout_marks(frame, state)
    fig["data"] += _doubtful_marks(frame, state)
    is_log = state.scale in ("rebased", "price")
    log = {"type": "log", "minorloglabels": "complete"} if is_log else {}
    layout["yaxis"] |= {
        **log,
        "title": {**layout["yaxis"]["title"], "text": _axis_title(frame, state)},
        "tickformat": ".0%" if state.scale == "drawdown" else "",
    }
    if state.scale == "price":
        layout["yaxis2"] = layout["yaxis"] | {
            "title": {**layout["yaxis"]["title"], "text": "Crypto, price, log"},
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
            "tickmode": "auto",
        }
    return fig


def _line(instrument_id: str, line: pd.Series, frame: Overlay, state: ViewState) -> dict[str, Any]:
    is_coin = instrument_id in state.coins
    position = (state.coins if is_coin else state.small_caps).index(instrument_id)
    form = {"drawdown": ".1%", "z": ".2f"}.get(state.scale, ",.4~r")
    line = _with_holes(line, frame.series[instrument_id])
    return {
        "type": "scatter",
        "uid": f"overlay-{instrument_id}",
        "name": instrument_id,
        "x": axis_days(line.index),
        "y": values(line),
        "yaxis": "y2" if is_coin and state.scale == "price" else "y",
        "mode": "lines",
        "line": {
            "color": _ink(frame, instrument_id),
            "width": 1.4 if is_coin else 2,
            "dash": DASHES[position],
        },
        # Its own day: on a weekend a small cap answers with its nearest session.
        "hovertemplate": f"%{{y:{form}}}, %{{x|%-d %b}}",
    }


def _with_holes(line: pd.Series, one: Series) -> pd.Series:
    """A line that is not drawn where its series has no closes."""
    days = [before + pd.Timedelta(days=1) for before, _ in own_holes(one) if before in line.index]
    return pd.concat([line, pd.Series(np.nan, days)]).sort_index() if days else line


def _line_ends(frame: Overlay, state: ViewState) -> list[dict[str, Any]]:
    """Each id where its line ends, so that colour is not the only guide.

    A name that would cover another is left to the legend; the focus pair comes first.
    """
    heights = {i: np.log(v) if state.scale == "rebased" else v for i, v in frame.lines.items()}
    reach = max(h.max() for h in heights.values()) - min(h.min() for h in heights.values())
    taken: list[float] = []
    ends = []
    for instrument_id in sorted(frame.lines, key=lambda i: i not in state.pair):
        height = heights[instrument_id].iloc[-1]
        if any(abs(height - other) < 0.06 * reach for other in taken):
            continue
        taken.append(height)
        line, ink = frame.lines[instrument_id], _ink(frame, instrument_id)
        symbol = "circle" if instrument_id in state.coins else "square"
        ends.append(
            {
                "type": "scatter",
                "uid": f"overlay-end-{instrument_id}",
                "x": [axis_day(line.index[-1])],
                "y": [line.iloc[-1]],
                "text": [instrument_id],
                "mode": "markers+text",
                "marker": {"symbol": symbol, "size": 6, "color": ink},
                "textposition": "middle right",
                "textfont": {"color": ink, "weight": 600},
                "cliponaxis": False,
                "showlegend": False,
                "hoverinfo": "skip",
            }
        )
    return ends


def _breakout_marks(frame: Overlay, state: ViewState) -> list[dict[str, Any]]:
    focus = state.pair[0]
    if frame.events.empty or focus not in frame.lines:
        return []
    return [
        {
            "type": "scatter",
            "uid": "overlay-breakouts",
            "name": f"{focus} breakout",
            "x": [axis_day(when) for when in frame.events.index],
            "y": frame.lines[focus].reindex(frame.events.index).tolist(),
            "mode": "markers",
            "marker": {
                "symbol": "triangle-up",
                "size": 13,
                "color": _ink(frame, focus),
                "line": {"width": 1.5, "color": WHITE},
            },
            "customdata": [describe(event, frame, state, "<br>") for event in _rows(frame.events)],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]


def _rally_shades(frame: Overlay, state: ViewState) -> list[dict[str, Any]]:
    start, end = frame.span
    coin = state.pair[1]
    return [
        {
            "type": "rect",
            "x0": axis_day(max(rally.trough, start)), "x1": axis_day(min(rally.peak, end)),
            "y0": 0, "y1": 1, "yref": "paper", "layer": "below", "line": {"width": 0},
            "fillcolor": faded(_ink(frame, coin), 0.10),
            "name": f"{coin} rally, in hindsight", "showlegend": position == 0,
        }
        for position, rally in enumerate(frame.rallies.itertuples())
    ]  # fmt: skip


def _doubtful_marks(frame: Overlay, state: ViewState) -> list[dict[str, Any]]:
    """A cross on each close that is far from the one before as if by a split or a mistake."""
    start, end = frame.span
    return [
        {
            "type": "scatter",
            "uid": f"overlay-doubtful-{i}",
            "name": f"{i} doubtful",
            "x": [axis_day(move.day) for move in moves],
            "y": [float(line[move.day]) for move in moves],
            "yaxis": "y2" if i in state.coins and state.scale == "price" else "y",
            "mode": "markers",
            "marker": {"symbol": "x", "size": 9, "color": _ink(frame, i)},
            "customdata": [move_text(move) for move in moves],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for i, line in frame.lines.items()
        if (moves := [move for move in frame.series[i].moves if start <= move.day <= end])
    ]


def _axis_title(frame: Overlay, state: ViewState) -> str:
    if state.scale == "rebased":
        return f"{day(frame.base_day) if frame.base_day else 'Each first day'} = 100, log"
    return _AXIS[state.scale]


def _ink(frame: Overlay, instrument_id: str) -> str:
    return colour(instrument_id, frame.series[instrument_id].instrument.kind)


def _rows(events: pd.DataFrame) -> list[dict[Any, Any]]:
    return events.reset_index(names="date").to_dict("records")


def describe(
    event: Mapping[Any, Any], frame: Overlay, state: ViewState, separator: str = ". "
) -> str:
    """One breakout in words: date, base, level, and what the coin did afterwards."""
    coin = state.pair[1]
    after = ", ".join(f"{h} days {_outcome(event, h, frame, state)}" for h in HORIZONS)
    return separator.join(
        [
            f"{day(event['date'])}: breakout of {state.pair[0]}",
            f"base {event['base_length']} sessions, close {event['close']:,.2f}",
            f"{coin} after {after}",
        ]
    )


def _outcome(event: Mapping[Any, Any], horizon: int, frame: Overlay, state: ViewState) -> str:
    """A signed percentage, or in brackets why there is none."""
    if not np.isnan(event[horizon]):
        return signed(event[horizon])
    return f"({why_unknown(frame.study, event['date'], horizon, state)})"


def finding(frame: Overlay, state: ViewState) -> str:
    """What happened after the breakouts, against what happens after any day."""
    coin, seen = frame.series[state.pair[1]].instrument.name, frame.study
    if state.pair[1] not in frame.lines:
        return f"{coin} has no prices in the dates shown."
    for one in (seen.signal, seen.target):
        if one.spacing != "d":
            return f"{spaced(one)}: breakouts are counted in sessions and need daily closes."
    if frame.events.empty:
        return f"{no_breakouts(seen, state)}."
    after, count = frame.events[HORIZON].dropna(), len(frame.events)
    if after.empty:
        return f"{no_outcome(seen, HORIZON, state)}."
    known, hits = frame.any_day[HORIZON].dropna(), int((after > 0).sum())
    entries = pd.DatetimeIndex(frame.events.loc[after.index, "entry"])
    separate = overlap(entries, HORIZON).effective_n
    interval = share_interval(*wilson_interval(hits / len(after) * separate, separate))
    median = f"; median {signed(median_return(after))}" if len(after) > 2 else ""
    days = day_end(frame.series, state.pair[1:])
    more = count - len(after)
    missing = f" ({more} more {'has' if more == 1 else 'have'} no outcome)" if more else ""
    return (
        f"{coin} was higher {HORIZON} days after {hits} of {noun(len(after), seen.signal)} "
        f"(95% {interval}{median}){missing}, and {HORIZON} days after {(known > 0).mean():.0%} of "
        f"the {len(known):,} days shown whose outcome is known{days and f', all{days}'}."
    )


def table(frame: Overlay) -> pd.DataFrame:
    """The plotted values, one column a line."""
    return pd.DataFrame(frame.lines).rename_axis("date")


def breakout_chips(frame: Overlay, state: ViewState) -> list[html.Li]:
    """One focusable chip a breakout, with everything the marker's hover says."""
    return [
        html.Li(
            [
                html.Span(day(event["date"])),
                html.Strong(_outcome(event, HORIZON, frame, state), className="chip-value"),
                html.Span(describe(event, frame, state), className="tip", role="note"),
            ],
            className="chip",
            tabIndex=0,
        )
        for event in _rows(frame.events)
    ]


CHART = Chart(
    id="overlay",
    title="Small caps and crypto",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("events",),
    columns=(
        Column("date", "date", "Day of the close"),
        Column(
            INSTRUMENT,
            "number",
            "Close of the instrument on the scale of the view: index (100 on the base day), "
            "standard deviations, fraction below the high (-1 to 0), or price",
            is_pattern=True,
        ),
    ),
    definition=(
        "Daily closes of each instrument on its own days, nothing filled in, on the scale of the "
        "view. Rebased: over the close on the first day shown that all of them have (each on its "
        "own first day where there is none), times 100; z: log closes less their mean, over their "
        "standard deviation (n − 1), of the dates shown; drawdown: close over the highest close so "
        "far, less 1; price: the close itself."
    ),
    details=breakout_chips,
)
