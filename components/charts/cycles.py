"""Small cap and coin around a breakout of each of three cycles, one above the other.

The first of 2016 or 2017, the first of 2020 or 2021, and the latest since 2022.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.event_study import entry_dates, paths
from components.chart import DATE, INSTRUMENT, Chart, Column
from components.event_study import (
    all_events,
    day_axis,
    horizon_rule,
    level,
    level_axis,
    roles,
    rule_of,
    spread,
)
from components.plotting import EmptyChartError, Figure, day, sample_mark, values
from components.present import is_present
from components.theme import Theme, base_layout, colour
from data_sources.series import Series
from view_state import ViewState

BEFORE, AFTER = 120, 540
PAST = {"2016–17": (2016, 2017), "2020–21": (2020, 2021)}
PRESENT = "Since 2022"
_DASHES = {"2016–17": "dot", "2020–21": "dash", PRESENT: "solid"}
_PANELS = ((0.53, 1.0), (0.0, 0.47))  # small cap above, coin below
_LABEL_GAP = 0.075  # of a panel's axis: a line of text


@dataclass(frozen=True)
class Cycles:
    """Closes around the breakout of each cycle.

    Attributes
    ----------
    signal : Series
        Whose breakouts they are.
    starts : mapping of str to Timestamp
        Day of the breakout of each cycle that has one.
    paths : mapping of str to DataFrame
        For the small cap and the coin, by id: one row a day from -120 to 540, one column a cycle,
        100 at the first close after the breakout.
    is_present : bool
        Whether the path of the last cycle is still running.
    """

    series: Mapping[str, Series]
    signal: Series
    starts: Mapping[str, pd.Timestamp]
    paths: Mapping[str, pd.DataFrame]
    is_present: bool


def prepare(series: Mapping[str, Series], state: ViewState) -> Cycles:
    """Find the breakout of each cycle and align both instruments there.

    The cycles are those of the calendar: the range ends them, but does not begin them.
    """
    signal, target, (_, end) = roles(series, state)
    days = pd.DatetimeIndex(all_events(signal, target, rule_of(state), end).index)
    starts = {
        name: days[days.year.isin(years)][0]
        for name, years in PAST.items()
        if days.year.isin(years).any()
    }
    if len(days) and days[-1].year > PAST["2020–21"][-1]:
        starts[PRESENT] = days[-1]
    if not starts:
        raise EmptyChartError(
            f"No breakout of {signal.id} in {' or '.join(PAST)} or since: choose a shorter base or "
            "a later end."
        )
    pair = {i: series[i] for i in state.pair}
    around = {
        i: _around(one.believed[:end], pd.DatetimeIndex(starts.values())).set_axis(
            list(starts), axis=1
        )
        for i, one in pair.items()
    }
    return Cycles(
        series=pair,
        signal=signal,
        starts=starts,
        paths=around,
        is_present=PRESENT in starts
        and is_present(target.close[:end].index[-1], [target], state)
        and bool(np.isnan(around[target.id].loc[AFTER, PRESENT])),
    )


def _around(close: pd.Series, events: pd.DatetimeIndex) -> pd.DataFrame:
    return 100 * paths(close, entry_dates(close, events), BEFORE, AFTER).T


def figure(frame: Cycles, state: ViewState, theme: Theme) -> Figure:
    """Draw the small cap above the coin, on one axis of days."""
    layout = base_layout(theme)
    data: list[dict[str, Any]] = []
    axis = layout["yaxis"]
    for panel, (i, around) in enumerate(frame.paths.items()):
        name = "yaxis2" if panel else "yaxis"
        levels = around.to_numpy()
        low, high = (
            (90.0, 110.0)
            if np.isnan(levels).all()
            else (float(np.nanmin(levels)), float(np.nanmax(levels)))
        )
        layout[name] = {
            **axis,
            **level_axis(low, high),
            "domain": _PANELS[panel],
            "nticks": 5,
            "title": {**axis["title"], "text": f"{i}, entry = 100, log"},
        }
        data += _panel(frame, i, layout[name]["range"])
    layout["xaxis"] |= {**day_axis(BEFORE, AFTER, 90), "anchor": "y2"}
    layout |= {
        "margin": {"l": 52, "r": 66, "t": 12, "b": 40},
        "dragmode": False,
        "annotations": sample_mark(frame.series),
        "shapes": [
            horizon_rule(state.horizon, layout["yaxis"]),
            horizon_rule(state.horizon, layout["yaxis2"], "y2"),
        ],
    }
    return {"data": data, "layout": layout}


def _panel(frame: Cycles, instrument_id: str, reach: list[float]) -> list[dict[str, Any]]:
    """The lines of one instrument, each named where it ends."""
    around = frame.paths[instrument_id]
    kind = frame.series[instrument_id].instrument.kind
    common = {
        "type": "scatter",
        "yaxis": "y2" if kind == "coin" else "y",
        "showlegend": False,
    }
    ink = colour(instrument_id, kind)
    lines = [
        {
            **common,
            # Without spaces: Plotly looks for its colour bar by a selector made of it.
            "uid": f"cycle-{instrument_id}-{name.replace(' ', '-')}",
            "name": f"{instrument_id}, {_label(name, frame)}",
            "x": path.index.tolist(),
            "y": values(path),
            "mode": "lines",
            "line": {
                "color": ink,
                "dash": _DASHES[name],
                "width": 2.6 if name == PRESENT else 1.6,
            },
            "hovertemplate": "%{y:,.0f}",
        }
        for name, path in around.items()
    ]
    ends = {name: path.dropna() for name, path in around.items()}
    ends = {name: path for name, path in ends.items() if len(path)}
    last = {name: int(path.index[-1]) for name, path in ends.items()}
    heights = {name: float(np.log10(path.iloc[-1])) for name, path in ends.items()}
    for name in set(last.values()):
        column = [other for other in ends if last[other] == name]
        moved = spread([heights[one] for one in column], _LABEL_GAP * (reach[1] - reach[0]))
        heights |= dict(zip(column, moved, strict=True))
    names = {
        **common,
        "uid": f"cycle-{instrument_id}-names",
        "x": list(last.values()),
        "y": [10**height for height in heights.values()],
        "text": [f"\u00a0{_label(str(name), frame)}" for name in ends],
        "mode": "text",
        "textposition": "middle right",
        "textfont": {"color": ink, "size": 11, "weight": 600},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    return [*lines, names]


def _label(name: str, frame: Cycles) -> str:
    if name != PRESENT:
        return name
    return "now" if frame.is_present else f"{frame.starts[name]:%b %Y}"


def finding(frame: Cycles, state: ViewState) -> str:
    """Where both stood at the horizon in each cycle, and which cycles had no breakout."""
    horizon, signal = state.horizon, frame.signal.id
    cycles = "; ".join(
        f"{' and '.join(_stood(i, name, frame, horizon) for i in frame.paths)} after "
        f"{f'the breakout of {signal} of ' if not position else ''}{day(when)}"
        for position, (name, when) in enumerate(frame.starts.items())
    )
    n = sum(
        all(around[name].notna().any() for around in frame.paths.values()) for name in frame.starts
    )
    missing = [name for name in PAST if name not in frame.starts]
    none = f" {signal} had no breakout in {' or '.join(missing)}." if missing else ""
    return (
        f"{horizon} days after the entry (= 100): {cycles} (N = {n}, which "
        f"illustrates and tests nothing).{none}"
    )


def _stood(instrument_id: str, name: str, frame: Cycles, horizon: int) -> str:
    """An instrument and its level at the horizon, or as far as it is known."""
    path = frame.paths[instrument_id].loc[:horizon, name].dropna()
    if path.empty:
        return f"{instrument_id} without a price"
    last = path.index[-1]
    when = "" if last == horizon else f" on day {last}"
    return f"{instrument_id} {level(path.iloc[-1])}{when}"


def table(frame: Cycles) -> pd.DataFrame:
    """One row a day from the entry, which is 100; one column an instrument and cycle."""
    columns = {
        f"{i} {frame.starts[name]:%Y-%m-%d}": path
        for i, around in frame.paths.items()
        for name, path in around.items()
    }
    return pd.DataFrame(columns).rename_axis("day")


def notes(frame: Cycles, _state: ViewState) -> list[html.Li]:
    """Which breakout stands for a cycle."""
    return [
        html.Li(
            f"Breakouts of {frame.signal.id}: the first of 2016 or 2017, the first of 2020 or 2021 "
            "and the latest since 2022, wherever the range begins."
        )
    ]


CHART = Chart(
    id="cycles",
    title="Cycles compared",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("events",),
    columns=(
        Column("day", "integer", "Calendar days from the entry, -120 to 540"),
        Column(
            f"{INSTRUMENT} {DATE}",
            "number",
            "Close of the instrument around the breakout of that date, index: 100 on the day of "
            "entry",
            is_pattern=True,
        ),
    ),
    definition=(
        "Closes of both instruments from 120 calendar days before to 540 after the entry, over the "
        "close on it, times 100; the entry is each one's first close after the breakout, and a day "
        "without a close has the last one, at most a week old. The breakouts are the first of 2016 "
        "or 2017, the first of 2020 or 2021 and the latest since 2022."
    ),
    details=notes,
    scope="utc",
    page="/evidence",
)
