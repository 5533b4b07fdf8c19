"""Every breakout in view, what the target did afterwards, and what was known on the day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import pandas as pd
from dash import html

from analytics.event_study import excursions
from components.chart import Chart, Column
from components.charts.rolling_correlation import number, rolling
from components.event_study import (
    Study,
    chosen,
    event_line,
    median_return,
    no_breakouts,
    no_outcome,
    noun,
    signed,
    study,
    why_unknown,
)
from components.plotting import day
from data_sources.series import Series
from view_state import HORIZONS, MOST_EVENTS, ViewState, to_query

TREND_SESSIONS = 200
YEAR = 365


@dataclass(frozen=True)
class Breakouts:
    """The breakouts and any day to compare them with.

    ``rows`` has one row a breakout, by date: ``base_length`` (sessions), ``close``, ``entry``,
    the target's simple return from there under each horizon (days), ``run_up``, ``drawdown``,
    ``days_to_peak`` and ``days_known`` (within a year), ``correlation`` and ``trend``. ``any_day``
    has the same returns for each day compared with.
    """

    study: Study
    rows: pd.DataFrame
    any_day: pd.DataFrame


def prepare(series: Mapping[str, Series], state: ViewState) -> Breakouts:
    """Follow the target from each entry and look up what was known on each day."""
    seen = study(series, state)
    days = pd.DatetimeIndex(seen.events.index)
    entered = seen.events["entry"].dropna()
    within_a_year = excursions(seen.close, pd.DatetimeIndex(entered), YEAR)
    small_cap, coin = (series[i] for i in state.pair)
    correlation = rolling(small_cap, coin, "d", 0, window=state.window, method="pearson")
    close = seen.signal.believed
    trend = close / close.rolling(TREND_SESSIONS).mean() - 1
    rows = seen.events[["base_length", "close", "entry"]].join(
        [seen.outcomes, within_a_year.set_axis(entered.index)]
    )
    # On a day off of the other market, what was known of it.
    week = pd.Timedelta(days=7)
    rows["correlation"] = correlation.reindex(days, method="ffill", tolerance=week).to_numpy()
    rows["trend"] = trend.reindex(days).to_numpy()
    return Breakouts(seen, rows.rename_axis("date"), seen.any_day)


def finding(frame: Breakouts, state: ViewState) -> str:
    """How many there are, and the middle and the ends of what followed, against any day."""
    seen, horizon = frame.study, state.horizon
    if frame.rows.empty:
        return f"{no_breakouts(seen, state)}. Choose a shorter base or a longer range."
    count, after = len(frame.rows), frame.rows[horizon].dropna()
    if after.empty:
        return f"{no_outcome(seen, horizon, state)}."
    first, last = frame.rows.index[0], frame.rows.index[-1]
    when = f"on {day(first)}" if count == 1 else f"from {day(first)} to {day(last)}"
    text = f"{noun(count, seen.signal)}, {when}"
    any_day = signed(median_return(frame.any_day[horizon]))
    if len(after) == 1:
        return (
            f"{text}; {horizon} days after the entry {seen.target.id} stood at "
            f"{signed(after.iloc[0])} (N = 1), against a median of {any_day} after any day."
        )
    median = f", median {signed(median_return(after))}" if len(after) > 2 else ""
    return (
        f"{text}; {horizon} days after the entry {seen.target.id} stood between "
        f"{signed(after.min())} and {signed(after.max())}{median} (N = {len(after)}), against a "
        f"median of {any_day} after any day."
    )


def table(frame: Breakouts) -> pd.DataFrame:
    """One row a breakout; returns, run-up, drawdown and trend are fractions."""
    rows = frame.rows.astype({"days_to_peak": "Int64", "days_known": "Int64"})
    return rows.rename(columns={days: f"return_{days}_days" for days in HORIZONS})


def details(frame: Breakouts, state: ViewState) -> list[Any]:
    """The table, and what it needs to be understood."""
    if frame.rows.empty:
        return []
    picked = set(chosen(frame.study.events, state))
    body = [
        _row(position, event, frame, state, is_chosen=event["date"] in picked)
        for position, event in enumerate(frame.rows.reset_index().to_dict("records"))
    ]
    return [
        html.Div(
            html.Table(
                [
                    _head(frame, state),
                    html.Tbody(body),
                    html.Tfoot([_summary(frame, state), _any_day(frame, state)]),
                ],
                **{"aria-label": f"Breakouts of {frame.study.signal.id}"},
            ),
            className="table-scroll",
            tabIndex=0,
        ),
        html.P(
            [
                html.Span(_note(frame, state)),
                html.Button(
                    "Show all paths", id="all-events", className="quiet", hidden=not picked
                ),
            ],
            className="note",
        ),
    ]


def _note(frame: Breakouts, state: ViewState) -> str:
    signal, target = frame.study.signal, frame.study.target.id
    text = (
        f"Choose rows, at most {MOST_EVENTS}, to draw their paths only. A date opens the workbench "
        f"around it. Base: sessions of {signal.id} since its last close at a new high; level: its "
        "close on the day. Returns count from the entry, the first close after the breakout; "
        f"run-up, drawdown and peak are of {target}'s closes within a year of it: the highest over "
        "the first, the largest fall below the highest so far, and the days to the highest. "
        f"Correlation: of daily returns over the {state.window} sessions up to the day; trend: "
        f"{signal.id} against the mean of its last {TREND_SESSIONS} closes."
    )
    if state.high is None:
        text += (
            f" A record is the highest close since {day(signal.close.index[0])}, the first here."
        )
    if signal.instrument.kind == "coin":
        text += (
            f" Sessions are {signal.id}'s own: it trades every day, so that 126 of them are four "
            "months, not six."
        )
    return text


def _head(frame: Breakouts, state: ViewState) -> html.Thead:
    def heading(name: str) -> html.Th:
        return html.Th(name, scope="col", rowSpan=2)

    return html.Thead(
        [
            html.Tr(
                [
                    *map(heading, ("Breakout", "Base", "Level", "Entry")),
                    html.Th(
                        f"{frame.study.target.id}, days after the entry",
                        colSpan=len(HORIZONS),
                        scope="colgroup",
                        className="group",
                    ),
                    *map(heading, ("Run-up", "Drawdown", "Peak, days", "Correlation", "Trend")),
                ]
            ),
            html.Tr([html.Th(str(h), scope="col", className=_focus(h, state)) for h in HORIZONS]),
        ]
    )


def _focus(horizon: int, state: ViewState) -> str | None:
    """The horizon that the page speaks of stands out."""
    return "focus" if horizon == state.horizon else None


def _row(
    position: int, event: Mapping[Any, Any], frame: Breakouts, state: ViewState, *, is_chosen: bool
) -> html.Tr:
    when, entry = event["date"], event["entry"]
    is_running = event["days_known"] < YEAR
    so_far = html.Small(" so far") if is_running else None
    return html.Tr(
        [
            html.Th(
                [
                    html.Button(
                        role="checkbox",
                        className="choose",
                        style={"color": event_line(position)["color"]},
                        disabled=not is_chosen and len(state.events) >= MOST_EVENTS,
                        **{
                            "aria-checked": str(is_chosen).lower(),
                            "aria-label": f"Path after {day(when)}",
                            "data-event": f"{when:%Y-%m-%d}",
                        },
                    ),
                    html.A(
                        day(when),
                        href=f"/?{to_query(_around(when, frame, state))}",
                    ),
                ],
                scope="row",
            ),
            html.Td(f"{event['base_length']:,}"),
            html.Td(_price(event["close"])),
            html.Td("–" if pd.isna(entry) else day(entry)),
            *(
                html.Td(_outcome(event, horizon, frame, state), className=_focus(horizon, state))
                for horizon in HORIZONS
            ),
            html.Td([signed(event["run_up"]), so_far]),
            html.Td([signed(event["drawdown"]), so_far]),
            html.Td(
                [
                    "–" if isnan(event["days_to_peak"]) else f"{event['days_to_peak']:.0f}",
                    so_far,
                ]
            ),
            html.Td(number(event["correlation"])),
            html.Td(signed(event["trend"])),
        ]
    )


def _price(close: float) -> str:
    """With the digits that matter, from a cent coin to a market capitalisation."""
    return (
        f"{close:,.2f}" if 1 <= close < 1e6 else f"{close:,.4g}" if close < 1 else f"{close:,.0f}"
    )


def _around(when: pd.Timestamp, frame: Breakouts, state: ViewState) -> ViewState:
    """A year before a day and a year after it, or all there is."""
    year = pd.DateOffset(years=1)
    last = max(one.as_of for one in frame.study.series.values())
    until = when + year
    return replace(state, span=((when - year).date(), until.date() if until < last else None))


def _outcome(event: Mapping[Any, Any], horizon: int, frame: Breakouts, state: ViewState) -> Any:
    """A signed percentage, or why there is none."""
    if not isnan(event[horizon]):
        return signed(event[horizon])
    return html.Small(why_unknown(frame.study, event["date"], horizon, state))


def _summary(frame: Breakouts, state: ViewState) -> html.Tr:
    return _footer("Breakouts", frame.rows[list(HORIZONS)], state)


def _any_day(frame: Breakouts, state: ViewState) -> html.Tr:
    return _footer("Any day", frame.any_day, state)


def _footer(name: str, returns: pd.DataFrame, state: ViewState) -> html.Tr:
    """Median and share of rises, under each horizon."""

    def cell(known: pd.Series) -> list[Any]:
        if known.empty:
            return ["–"]
        return [signed(median_return(known)), html.Small(f"{(known > 0).mean():.0%} up")]

    return html.Tr(
        [
            html.Th([name, html.Small("median, share of rises")], scope="row"),
            html.Td(colSpan=3),
            *(html.Td(cell(returns[h].dropna()), className=_focus(h, state)) for h in HORIZONS),
            html.Td(colSpan=5),
        ]
    )


CHART = Chart(
    id="breakouts",
    title="Breakouts",
    prepare=prepare,
    figure=None,
    finding=finding,
    table=table,
    of=("events", "returns"),
    columns=(
        Column("date", "date", "Day of the breakout"),
        Column("base_length", "integer", "Sessions since the last close at a new high"),
        Column("close", "number", "Close of the instrument that breaks out, in its own unit"),
        Column("entry", "date", "Day of the first close of the other instrument after it"),
        *(
            Column(
                f"return_{days}_days",
                "number",
                f"Simple return of the other instrument over {days} calendar days from the entry, "
                "a fraction",
            )
            for days in HORIZONS
        ),
        Column(
            "run_up",
            "number",
            "Its highest close within 365 days of the entry over the first, less 1, a fraction",
        ),
        Column(
            "drawdown",
            "number",
            "Its largest fall below the highest close so far within these days, a fraction, "
            "-1 to 0",
        ),
        Column("days_to_peak", "integer", "Calendar days from the entry to the highest close"),
        Column("days_known", "integer", "Calendar days of the 365 with prices: fewer, so far"),
        Column(
            "correlation",
            "number",
            "Pearson correlation of the pair's daily log returns in the window up to the day, "
            "-1 to 1",
        ),
        Column(
            "trend",
            "number",
            "Close of the instrument that breaks out over the mean of its last 200, less 1, a "
            "fraction",
        ),
    ),
    definition=(
        "A breakout is a close above every earlier one, or above the highest of the previous N "
        "sessions, after a base of so many sessions without such a close and a cool-down since the "
        "breakout before; the day's own close is no part of the high. Returns, run-up, drawdown "
        "and peak are of the other instrument's closes from the entry on, the first close after "
        "the breakout and within a week of it. An outcome that is not known is missing, never 0."
    ),
    details=details,
    scope="utc",
    page="/evidence",
    pictured=(
        "date",
        "base_length",
        "close",
        *(f"return_{days}_days" for days in HORIZONS),
        "run_up",
        "drawdown",
        "days_to_peak",
        "correlation",
        "trend",
    ),
)
