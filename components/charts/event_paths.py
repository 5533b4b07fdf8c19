"""What the target did around each breakout, against what it does around any day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.event_study import paths
from components.chart import DATE, Chart, Column
from components.event_study import (
    FAN,
    MOST_LABELLED,
    Study,
    chosen,
    day_axis,
    event_line,
    horizon_rule,
    level,
    level_axis,
    no_breakouts,
    no_outcome,
    noun,
    spread,
    study,
)
from components.plotting import Figure, day, sample_mark, values
from components.present import is_present
from components.theme import GREY, Theme, base_layout, colour, faded
from data_sources.series import Series
from view_state import ViewState

BEFORE, AFTER = 120, 365
FAN_STEP = 5  # days; every horizon is one of them
_LABEL_GAP = 0.042  # of the axis: a line of text


@dataclass(frozen=True)
class EventPaths:
    """Closes of the target around entries, 100 on the day of entry.

    Attributes
    ----------
    paths : DataFrame
        One row a day from -120 to 365, one column an event; NaN where there is no close.
    mean, median : Series
        Of the events followed to the horizon, by day up to there; geometric mean.
    complete : int
        How many those are.
    fan : DataFrame
        Quantiles of the paths from any day, one row every fifth day.
    drawn : DatetimeIndex
        The events whose paths are drawn.
    ignored : int
        Days chosen in the link that are no event.
    """

    study: Study
    paths: pd.DataFrame
    mean: pd.Series
    median: pd.Series
    complete: int
    fan: pd.DataFrame
    drawn: pd.DatetimeIndex
    ignored: int

    @property
    def is_busy(self) -> bool:
        """Whether the paths are too many for each to be told from the others."""
        return len(self.drawn) > MOST_LABELLED


def prepare(series: Mapping[str, Series], state: ViewState) -> EventPaths:
    """Follow the target around each entry and around every day of the range."""
    seen = study(series, state)
    days = pd.DatetimeIndex(seen.events.index)
    around = 100 * paths(seen.close, seen.entries, BEFORE, AFTER).T.set_axis(days, axis=1)
    logs = np.log(around.loc[: state.horizon, around.loc[state.horizon].notna()])
    # Of one set of events throughout: one that ends or begins later would bend the line.
    together = logs.dropna()
    picked = chosen(seen.events, state)
    return EventPaths(
        study=seen,
        paths=around,
        mean=np.exp(together.mean(axis=1)).reindex(around.index),
        median=np.exp(together.median(axis=1)).reindex(around.index),
        complete=logs.shape[1],
        fan=_fan(seen.target, seen.era.index[0], seen.until, seen.close.index[-1]),
        drawn=picked if len(picked) else days,
        ignored=len(state.events) - len(picked),
    )


@lru_cache(maxsize=32)
def _fan(
    target: Series, first: pd.Timestamp, until: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Quantiles of the paths from every day of a range, remembered.

    Every close is an entry, which is where drawing more and more random ones ends.
    """
    close = target.believed[first:last]
    entries = pd.DatetimeIndex(close[:until].index)
    around = paths(close, entries, BEFORE, AFTER).iloc[:, ::FAN_STEP]
    return 100 * around.quantile(list(FAN)).T


def figure(frame: EventPaths, state: ViewState, theme: Theme) -> Figure:
    """Draw the fan, mean and median over it, and the paths on top; many paths go below."""
    layout = base_layout(theme)
    target = frame.study.target
    shown = pd.concat([frame.paths[frame.drawn], frame.mean, frame.median, frame.fan]).to_numpy()
    layout["xaxis"] |= day_axis(BEFORE, AFTER, 90)
    layout["yaxis"] |= level_axis(float(np.nanmin(shown)), float(np.nanmax(shown)))
    layout["yaxis"]["title"] |= {"text": f"{target.id}, entry = 100, log"}
    layout["legend"] |= {"traceorder": "normal"}
    lines, middle = _path_traces(frame, state), _middle_traces(frame)
    layout |= {
        "margin": {"l": 52, "r": 62, "t": 34, "b": 40},
        "hovermode": "closest" if frame.is_busy else "x unified",
        "dragmode": False,
        "annotations": sample_mark(frame.study.series),
        "shapes": [horizon_rule(state.horizon, layout["yaxis"])],
    }
    return {
        "data": [
            *_fan_traces(frame),
            *(lines + middle if frame.is_busy else middle + lines),
            *_labels(frame, state, layout["yaxis"]["range"]),
        ],
        "layout": layout,
    }


def _fan_traces(frame: EventPaths) -> list[dict[str, Any]]:
    fan = frame.fan.dropna()
    x = fan.index.tolist()
    common = {"type": "scatter", "x": x, "mode": "lines"}
    traces: list[dict[str, Any]] = []
    for low, high, alpha in ((0.05, 0.95, 0.13), (0.25, 0.75, 0.17)):
        edges = {**common, "line": {"width": 0}, "hoverinfo": "skip"}
        traces += [
            {**edges, "uid": f"fan-{100 * low:.0f}", "y": values(fan[low]), "showlegend": False},
            {
                **edges, "uid": f"fan-{100 * high:.0f}", "y": values(fan[high]), "name": "Any day",
                "showlegend": high < FAN[-1],
                "fill": "tonexty", "fillcolor": faded(GREY, alpha),
            },
        ]  # fmt: skip
    middle = {
        **common,
        "uid": "fan-50",
        "y": values(fan[0.50]),
        "name": "Any day, median",
        "showlegend": False,
        "line": {"color": GREY, "width": 2, "dash": "dot"},
        "hovertemplate": "%{y:,.0f}",
    }
    return [*traces, middle]


def _path_traces(frame: EventPaths, state: ViewState) -> list[dict[str, Any]]:
    places = {when: position for position, when in enumerate(frame.paths)}
    return [
        {
            "type": "scatter",
            "uid": f"path-{when:%Y-%m-%d}",
            "name": _name(when, frame, state),
            "x": frame.paths.index.tolist(),
            "y": values(frame.paths[when]),
            "mode": "lines",
            "line": {**event_line(places[when]), "width": 2 if _is_running(when, frame) else 1.2},
            "opacity": 0.5 if frame.is_busy else 1,
            "showlegend": False,
            "hovertemplate": "%{x} days: %{y:,.0f}" if frame.is_busy else "%{y:,.0f}",
        }
        for when in frame.drawn
    ]


def _middle_traces(frame: EventPaths) -> list[dict[str, Any]]:
    """Mean and median, where there are events enough."""
    target = frame.study.target
    ink = colour(target.id, target.instrument.kind)
    return [
        {
            "type": "scatter",
            "uid": name,
            "name": f"{name.capitalize()} of {frame.complete}",
            "x": line.index.tolist(),
            "y": values(line),
            "mode": "lines",
            "line": {"color": ink, "width": 3.2, "dash": "solid" if name == "mean" else "dash"},
            "hovertemplate": "%{y:,.0f}",
        }
        for name, line, least in _middle(frame)
        if frame.complete >= least
    ]


def _middle(frame: EventPaths) -> tuple[tuple[str, pd.Series, int], ...]:
    """Name and values of mean and median, and how many events each needs.

    Of one event both would be its path, of two the median is the mean.
    """
    return ("mean", frame.mean, 2), ("median", frame.median, 3)


def _labels(frame: EventPaths, state: ViewState, reach: list[float]) -> list[dict[str, Any]]:
    """The month of each event where its path ends, moved apart; with many, of those chosen."""
    labelled = frame.drawn
    if frame.is_busy and not len(chosen(frame.study.events, state)):
        return []
    places = {when: position for position, when in enumerate(frame.paths)}
    ends = {
        when: (int(path.index[-1]), float(path.iloc[-1]))
        for when in labelled
        if not (path := frame.paths[when].dropna()).empty
    }
    gap = _LABEL_GAP * (reach[1] - reach[0])
    # Paths that end on one day share a column of labels.
    moved: dict[pd.Timestamp, float] = {}
    for last in {end for end, _ in ends.values()}:
        column = [when for when, (end, _) in ends.items() if end == last]
        heights = spread([float(np.log10(ends[when][1])) for when in column], gap)
        moved |= dict(zip(column, heights, strict=True))
    inks = [event_line(places[when])["color"] for when in ends]
    text = {
        "type": "scatter",
        "uid": "path-labels",
        "x": [end for end, _ in ends.values()],
        "y": [10 ** moved[when] for when in ends],
        "text": [f"\u00a0{_name(when, frame, state)}" for when in ends],
        "mode": "text",
        "textposition": "middle right",
        "textfont": {"color": inks, "size": 11, "weight": 600},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    dots = {
        "type": "scatter",
        "uid": "path-ends",
        "x": [end for end, _ in ends.values()],
        "y": [value for _, value in ends.values()],
        "mode": "markers",
        "marker": {"color": inks, "size": [8 if _is_running(w, frame) else 4 for w in ends]},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return [dots, text]


def _is_running(when: pd.Timestamp, frame: EventPaths) -> bool:
    entry = frame.study.events.loc[when, "entry"]
    return bool(entry + pd.Timedelta(days=AFTER) > frame.study.close.index[-1])


def _name(when: pd.Timestamp, frame: EventPaths, state: ViewState) -> str:
    """The month of an event; "now" when it is the latest and runs to the present."""
    is_latest = (
        when == frame.paths.columns[-1]
        and _is_running(when, frame)
        and is_present(frame.study.close.index[-1], [frame.study.target], state)
    )
    return "now" if is_latest else f"{when:%b %Y}"


def finding(frame: EventPaths, state: ViewState) -> str:
    """Where the paths stood at the horizon, against those of any day."""
    seen, horizon = frame.study, state.horizon
    target = seen.target.id
    any_day = _any_day(frame, horizon)
    stood = (
        f"{horizon} days on, {target} stood at {any_day}, entry = 100"
        if any_day
        else f"no day in the dates shown has a close {horizon} days later"
    )
    if not len(frame.paths.columns):
        return f"{no_breakouts(seen, state)}; {stood}.{_left_out(frame)}"
    after = frame.paths.loc[horizon].dropna()
    if after.empty:
        text = f"{no_outcome(seen, horizon, state)}; {stood}"
    elif len(after) == 1:
        text = (
            f"{horizon} days after the breakout of {seen.signal.id} of {day(after.index[0])} "
            f"{target} stood at {level(after.iloc[0])} (entry = 100, N = 1), against {any_day}"
        )
    else:
        middle = level(float(np.exp(np.log(after).median())))
        text = (
            f"{horizon} days after {noun(len(after), seen.signal)} {target} stood at a median of "
            f"{middle} ({level(after.min())} to {level(after.max())}; entry = 100, "
            f"N = {len(after)}), against {any_day}"
        )
    return f"{text}{_running(frame, state)}.{_left_out(frame)}"


def _any_day(frame: EventPaths, horizon: int) -> str:
    low, median, high = frame.fan.loc[horizon, [0.05, 0.50, 0.95]]
    if np.isnan(median):
        return ""
    return f"a median of {level(median)} after any day (90% of them {level(low)} to {level(high)})"


def _running(frame: EventPaths, state: ViewState) -> str:
    last = frame.paths.columns[-1]
    path = frame.paths[last].dropna()
    if path.empty or state.span[1] is not None or not _is_running(last, frame):
        return ""
    verb = "is" if _name(last, frame, state) == "now" else "was last seen"
    return f"; the latest, of {day(last)}, {verb} at {level(path.iloc[-1])} on day {path.index[-1]}"


def _left_out(frame: EventPaths) -> str:
    if not frame.ignored:
        return ""
    are = "day chosen is" if frame.ignored == 1 else "days chosen are"
    return f" {frame.ignored} {are} no breakout under this rule and left out."


def table(frame: EventPaths) -> pd.DataFrame:
    """One row a day from the entry, which is 100; the fan is known every fifth day."""
    columns = {f"{when:%Y-%m-%d}": frame.paths[when] for when in frame.drawn}
    for name, line, least in _middle(frame):
        # Where it is not drawn it is missing, so that every file has the column.
        columns[name] = line if frame.complete >= least else np.nan * line
    fan = frame.fan.rename(columns=lambda quantile: f"any_day_{quantile:.0%}")
    return pd.DataFrame(columns).join(fan, how="outer").rename_axis("day")


def notes(frame: EventPaths, state: ViewState) -> list[html.Li]:
    """What the shades and the thick lines are."""
    seen = frame.study
    text = (
        f"Shaded: where 90% and 50% of {seen.target.id}'s own paths lie, entered on every day "
        f"between {day(seen.era.index[0])} and {day(seen.era[: seen.until].index[-1])}; dotted, "
        "their median."
    )
    if frame.complete > 1:
        text += (
            f" Mean (of log returns, so that a doubling and a halving weigh the same) and median "
            f"are of all {frame.complete} breakouts followed for {state.horizon} days, chosen or "
            "not, and end there."
        )
    return [html.Li(text)]


CHART = Chart(
    id="event-paths",
    title="Paths after breakouts",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("events",),
    columns=(
        Column("day", "integer", "Calendar days from the entry, -120 to 365"),
        Column(
            DATE,
            "number",
            "Close around the breakout of that date, index: 100 on the day of entry",
            is_pattern=True,
        ),
        Column(
            "mean",
            "number",
            "Geometric mean of the paths followed to the horizon, index: 100 at entry; from 2 on",
        ),
        Column(
            "median",
            "number",
            "Median, by logs, of the same paths, index: 100 at entry; from 3 on",
        ),
        *(
            Column(
                f"any_day_{at:.0%}",
                "number",
                f"{at:.0%} quantile of the paths from any day, index: 100 at entry; every fifth "
                "day",
            )
            for at in FAN
        ),
    ),
    definition=(
        "Closes from 120 calendar days before to 365 after the entry, over the close on it, times "
        "100; the entry is the first close after the breakout, and a day without a close has the "
        "last one, at most a week old. Mean and median are of logs, of all breakouts followed to "
        "the horizon, and end there; the quantiles are those of the same paths around every day on "
        "which there could have been an entry."
    ),
    details=notes,
    scope="utc",
    page="/evidence",
)
