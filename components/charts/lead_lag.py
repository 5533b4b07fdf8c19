"""Which of the focus pair leads: cross-correlation at every lag, with its bands."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analytics.lead_lag import Verdict, cross_correlation, lead_lag, verdict
from components.chart import Chart, Column, at_new_york
from components.charts.rolling_correlation import number
from components.plotting import (
    EmptyChartError,
    Figure,
    day,
    p_value,
    sample_mark,
    shown_span,
    values,
)
from components.returns import daily_only, returns
from components.theme import GREY, Theme, base_layout, colour, faded
from data_sources.series import Series
from view_state import ViewState

MOST_LAGS = 60
FEWEST = MOST_LAGS + 20  # returns, as analytics.lead_lag wants them
LEADERS = "← crypto leads · {} · small caps lead →"
BY_DAYS = {"nyclose": " at New York closes", "utc": " by UTC days", "": ""}
_NAMED = 3  # of the lags beyond the band; the others are counted
_PANEL = {"nyclose": "New York close", "utc": "UTC day", "": "days as in the file"}
_LATER = "3 to 4 hours"  # from New York's close to 00:00 UTC, by the season
# Where 4 of 24 hours come later: r at lag −1 over that of the same day, 4/24 to 20/24.
_SHARE_LATER = 1 / 5
_ARTEFACT = {
    "nyclose": "",
    "utc": f" UTC days end {_LATER} after New York's close, which by itself can make crypto seem "
    "to lead by one session (at lag −1, by up to a fifth of the same-day r).",
    "": " When the coin's days end is not known: after New York's close, that by itself can make "
    "crypto seem to lead by one session (lag −1).",
}


@dataclass(frozen=True)
class Panel:
    """The lags by one end of the coin's day.

    ``table`` is that of :func:`analytics.lead_lag.lead_lag`, with ``whole``, r over the whole
    shared history; NaN where the era is nearly all of it.
    """

    days: str
    table: pd.DataFrame
    verdict: Verdict
    span: tuple[pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True)
class LeadLag:
    """One panel an end of the day, New York's close first."""

    panels: tuple[Panel, ...]
    series: Mapping[str, Series]


def era_returns(
    series: Mapping[str, Series], state: ViewState, fewest: int
) -> list[tuple[Series, pd.DataFrame]]:
    """Daily log returns of the focus pair in the era, for each end the coin's day has.

    Returns
    -------
    list of (Series, DataFrame)
        The coin and the returns, by New York's close first where there are both. Ends with fewer
        than `fewest` returns are left out.

    Raises
    ------
    EmptyChartError
        When none is left, one of the pair does not move, or prices are not daily.
    """
    small_cap, coin = state.pair
    start, end = shown_span(series, state)
    daily_only(series, state.pair, "leads are judged by daily closes")
    found = [
        (series[i], returns(series[small_cap], series[i], "d", 0)[start:end])
        for i in (at_new_york(coin), coin)
        if i in series
    ]
    for _, shown in found:
        if shown.index.to_series().diff().median() > pd.Timedelta(days=3):
            raise EmptyChartError(
                f"Most closes that {small_cap} and {coin} share are more than 3 days apart; leads "
                "are judged by daily closes. Choose series with daily prices."
            )
    enough = [(one, shown) for one, shown in found if len(shown) >= fewest]
    if not enough:
        one, shown = found[-1]
        since, instead = new_york_only(one)
        raise EmptyChartError(
            f"{small_cap} and {coin} share {len(shown)} daily returns{since} in the chosen dates; "
            f"at least {fewest} are needed. Choose a longer era{instead}."
        )
    for _, shown in enough:
        for id_, still in zip(state.pair, shown.max() == shown.min(), strict=True):
            if still:
                raise EmptyChartError(
                    f"The price of {id_} does not move in the chosen dates. Choose a longer era."
                )
    return enough


def new_york_only(coin: Series) -> tuple[str, str]:
    """Since when there are New York closes, and what to choose instead; empty for other days."""
    if coin.day_end != "nyclose":
        return "", ""
    began = f" at New York closes, which begin on {day(coin.close.index[0])},"
    return began, " or, on the workbench, UTC days"


@lru_cache(maxsize=128)
def _tested(
    first: Series, second: Series, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[pd.DataFrame, Verdict]:
    """Lags of the returns from `start` to `end`, remembered."""
    whole = returns(first, second, "d", 0)
    shown = whole[start:end]
    x, y = shown.to_numpy().T
    table = lead_lag(x, y, MOST_LAGS)
    # With a day or two less the line would say what the bars say.
    is_whole = len(shown) > 0.99 * len(whole)
    x, y = whole.to_numpy().T
    table["whole"] = np.nan if is_whole else cross_correlation(x, y, MOST_LAGS)["r"]
    if any(table["r"][side].isna().all() for side in (table.index < 0, table.index > 0)):
        raise EmptyChartError("Prices hardly move in the chosen dates. Choose a longer era.")
    return table, verdict(table)


def prepare(series: Mapping[str, Series], state: ViewState) -> LeadLag:
    """Correlate the era's returns at every lag, by each end of the coin's day on the same dates."""
    panels: list[Panel] = []
    for coin, shown in era_returns(series, state, FEWEST):
        start, end = panels[0].span if panels else (None, None)
        dates = shown[start:end].index
        if len(dates) < FEWEST:
            continue
        span = dates[0], dates[-1]
        table, found = _tested(series[state.pair[0]], coin, *span)
        panels.append(Panel(coin.day_end, table, found, span))
    return LeadLag(tuple(panels), series)


def figure(frame: LeadLag, state: ViewState, theme: Theme) -> Figure:
    """Draw a bar a lag on the bands; panels stand on one axis of lags, one above the other."""
    layout = base_layout(theme)
    ticks = range(-MOST_LAGS, MOST_LAGS + 1, 20)
    low, high = _reach(frame)
    notes = sample_mark(frame.series)
    axes = ["y", "y2"][: len(frame.panels)]
    layout["xaxis"] |= {
        "range": [-MOST_LAGS - 1, MOST_LAGS + 1],
        "tickvals": list(ticks),
        "ticktext": [f"{lag}".replace("-", "−") for lag in ticks],
        "title": {"text": LEADERS.format("lag in sessions"), "font": {"size": 11}, "standoff": 6},
        "anchor": axes[-1],
        "unifiedhovertitle": {"text": "Lag %{x}"},
    }
    bare = layout.pop("yaxis")
    for position, panel in enumerate(frame.panels):
        top = 1 - position / len(axes)
        layout[axes[position].replace("y", "yaxis")] = bare | {
            "range": [low, high],
            "domain": [top - 1 / len(axes), top - 0.03 * position],
            "nticks": 6,
            "tickformat": ".2f",
            "zeroline": True,
            "title": {**bare["title"], "text": f"Correlation, {_PANEL[panel.days]}"},
        }
    layout["legend"] |= {"traceorder": "normal"}
    layout |= {
        "dragmode": False,
        "hoversubplots": "axis",
        "hoverdistance": 30,
        "bargap": 0.45,
        "margin": {"l": 56, "r": 14, "t": 34, "b": 58 if notes else 44},
        # Under the axis and its title.
        "annotations": [mark | {"yanchor": "top", "yshift": -42} for mark in notes],
    }
    inks = [colour(i, frame.series[i].instrument.kind) for i in state.pair]
    data: list[dict[str, Any]] = []
    for position, panel in enumerate(frame.panels):
        named = {trace["name"] for trace in data}
        data += [
            # Each name stands in the legend once.
            trace | {"yaxis": axes[position], "showlegend": trace["name"] not in {"", *named}}
            for trace in _traces(panel, (low, high), (inks[0], inks[1]))
        ]
    return {"data": data, "layout": layout}


def _reach(frame: LeadLag) -> tuple[float, float]:
    """Range of the axes: lags and bands fill it, and lag 0, which is no lead, may pass it."""
    drawn = pd.concat([p.table[["r", "low", "high", "whole"]].drop(index=0) for p in frame.panels])
    # Room above for the value at lag 0.
    return 1.12 * min(drawn.min().min(), 0), 1.3 * max(drawn.max().max(), 0)


def _traces(
    panel: Panel, reach: tuple[float, float], inks: tuple[str, str]
) -> list[dict[str, Any]]:
    table, lags = panel.table, panel.table.index.tolist()

    def line(name: str, column: str, **more: Any) -> dict[str, Any]:
        return {
            "type": "scatter", "uid": f"{column}-{panel.days}", "name": name, "x": lags,
            "y": values(table[column]), "mode": "lines", "hoverinfo": "skip",
            "line": {"width": 0}, **more,
        }  # fmt: skip

    thin = {"line": {"color": faded(GREY, 0.9), "width": 1, "dash": "dot"}}
    drawn = [
        line("", "low"),
        line("95%, all lags", "high", fill="tonexty", fillcolor=faded(GREY, 0.2)),
        line("", "pointwise_low", **thin),
        line("95%, one lag", "pointwise_high", **thin),
    ]
    beyond = [*panel.verdict.beyond]
    drawn.append(
        {
            "type": "bar",
            "uid": f"r-{panel.days}",
            "name": "",
            "x": lags,
            "y": values(table["r"]),
            "marker": {
                "color": [
                    (faded(_ink(lag, inks), 1 if lag in beyond else 0.65)) if lag else GREY
                    for lag in lags
                ]
            },
            "customdata": [_described(row) for row in table.itertuples()],
            "hovertemplate": f"%{{customdata}}<extra>{_PANEL[panel.days]}</extra>",
        }
    )
    if table["whole"].notna().any():
        # Lag 0 would make a spike of it.
        elsewhere = values(table["whole"].mask(table.index == 0))
        faint = {"color": faded(GREY, 0.9), "width": 1.2}
        drawn.append(line("Whole history", "whole", y=elsewhere, line=faint))
    if beyond:
        drawn.append(
            {
                "type": "scatter",
                "uid": f"beyond-{panel.days}",
                "name": "Outside",
                "x": beyond,
                "y": values(table["r"][beyond]),
                "mode": "markers+text",
                "marker": {
                    "symbol": "diamond", "size": 9, "color": [_ink(lag, inks) for lag in beyond]
                },
                "text": [f"{lag}".replace("-", "−") for lag in beyond],
                "textposition": [
                    "top center" if r > 0 else "bottom center" for r in table["r"][beyond]
                ],
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
        )  # fmt: skip
    if not np.isnan(table["r"][0]):
        drawn.append(_same_day(panel, reach))
    return drawn


def _ink(lag: int, inks: tuple[str, str]) -> str:
    """The leader's colour."""
    return inks[0] if lag > 0 else inks[1]


def _same_day(panel: Panel, reach: tuple[float, float]) -> dict[str, Any]:
    """The value at lag 0, whose bar may end outside the axis, where it does or would."""
    r = float(panel.table["r"][0])
    arrow = " ↑" if r > reach[1] else " ↓" if r < reach[0] else ""
    return {
        "type": "scatter",
        "uid": f"same-day-{panel.days}",
        "name": "",
        "x": [1],
        "y": [0.93 * reach[1]],
        "text": [f"same day {number(r)}{arrow}"],
        "mode": "text",
        "textposition": "middle right",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
    }


def _described(row: Any) -> str:
    if row.Index == 0:
        return f"r = {row.r:.3f}, the same day<br>N = {row.n:,}".replace("-", "−")
    return (
        f"r = {row.r:.3f}, {p_value(row.p)}<br>band {row.low:.3f} to {row.high:.3f}, N = {row.n:,}"
    ).replace("-", "−")


def leads(lag: int) -> str:
    """Who leads at a lag other than 0, and by how much."""
    who = "small caps lead" if lag > 0 else "crypto leads"
    return f"{who} by {abs(lag)} session{'' if abs(lag) == 1 else 's'}"


def finding(frame: LeadLag, state: ViewState) -> str:
    """Whether any lag is beyond chance, and what the end of the coin's day does to that."""
    panel = frame.panels[0]
    table, found = panel.table, panel.verdict
    tested = table["r"].drop(index=0).count()
    about = f"{_sample(panel)}; same-day r = {number(table['r'][0])}, which is no lead"
    pair = " and ".join(state.pair)
    days = BY_DAYS[panel.days]
    if not found.beyond:
        peak = min(found.first_leads, found.second_leads, key=lambda one: one.p)
        text = (
            f"No lead beyond chance: at none of {tested} lags does the correlation of "
            f"{pair}{days} leave the simultaneous 95% band (strongest: {leads(peak.lag)}, "
            f"r = {number(peak.r)}, {p_value(peak.p)}; {about})."
        )
    elif _is_artefact(panel):
        text = (
            f"No lead beyond what the end of the day makes: of {tested} lags of {pair}{days} only "
            f"lag −1 leaves the simultaneous 95% band: {_named(panel)}; {about}."
        )
    else:
        text = (
            f"Beyond chance at {len(found.beyond)} of {tested} lags of {pair}{days}, outside the "
            f"simultaneous 95% band: {_named(panel)}; {about}."
        )
    if len(frame.panels) == 2:
        return f"{text} {_by_utc_days(frame.panels[1], panel)}"
    new_york = frame.series.get(at_new_york(state.pair[1]))
    if new_york and panel.days != "nyclose":
        text += (
            f" New York closes of {state.pair[1]} begin on {day(new_york.close.index[0])}: too few "
            "in these dates."
        )
    return text + _ARTEFACT[panel.days]


def _sample(panel: Panel) -> str:
    return (
        f"N = {panel.table['n'][0]:,} daily log returns, {day(panel.span[0])} to "
        f"{day(panel.span[1])}"
    )


def _by_utc_days(panel: Panel, new_york: Panel) -> str:
    same = panel.span == new_york.span and panel.table["n"][0] == new_york.table["n"][0]
    sample = "the same N and dates" if same else _sample(panel)
    by = f"By UTC days, which end {_LATER} later ({sample}),"
    if not panel.verdict.beyond:
        return f"{by} no lag leaves its band."
    if _is_artefact(panel):
        return (
            f"{by} only lag −1 leaves its band, and their later close alone makes that: "
            f"{_named(panel)}."
        )
    later = "; lag −1 is what their later close makes by itself" if _has_artefact(panel) else ""
    count = len(panel.verdict.beyond)
    leave = "lag leaves its" if count == 1 else "lags leave their"
    return f"{by} {count} {leave} band: {_named(panel)}{later}."


def _is_artefact(panel: Panel) -> bool:
    """Whether all there is is what a later close makes of the same day's correlation."""
    return _has_artefact(panel) and len(panel.verdict.beyond) == 1


def _has_artefact(panel: Panel) -> bool:
    """Whether lag −1 leaves its band by no more than the later close can make."""
    if panel.days != "utc" or -1 not in panel.verdict.beyond:
        return False
    at, made = panel.table.loc[-1], _SHARE_LATER * panel.table["r"][0]
    return bool(at["low"] + min(made, 0) <= at["r"] <= at["high"] + max(made, 0))


def _named(panel: Panel) -> str:
    """The lags beyond the band in words, the farthest first."""
    beyond = panel.table.loc[list(panel.verdict.beyond)]
    beyond = beyond.sort_values("t", key=np.abs, ascending=False, kind="stable")
    named = [
        f"{leads(lag.Index)}, r = {number(lag.r)}{_expected(lag.carried)}, {p_value(lag.p)}"
        for lag in beyond.head(_NAMED).itertuples()
    ]
    more = len(beyond) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def _expected(carried: float) -> str:
    """The middle of the band, where it is so far from 0 that r alone would mislead."""
    return f" ({number(carried)} without a lead)" if abs(carried) >= 0.05 else ""


def table(frame: LeadLag) -> pd.DataFrame:
    """One row an end of the day and lag."""
    columns = {
        "r": "r", "n": "N", "carried": "middle of band", "low": "95% low, all lags",
        "high": "95% high, all lags", "pointwise_low": "95% low, one lag",
        "pointwise_high": "95% high, one lag", "p": "p, all lags", "whole": "r, whole history",
    }  # fmt: skip
    parts = {_PANEL[p.days]: p.table[list(columns)].rename(columns=columns) for p in frame.panels}
    return pd.concat(parts, names=["crypto day", "lag"])


CHART = Chart(
    id="lead-lag",
    title="Cross-correlation by lag",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("returns",),
    columns=(
        Column("crypto day", "text", "Where the coin's day ends"),
        Column("lag", "integer", "Sessions by which the small cap leads; negative: the coin leads"),
        Column("r", "number", "Pearson correlation of daily log returns at the lag, -1 to 1"),
        Column("N", "integer", "Pairs of returns behind it"),
        Column(
            "middle of band",
            "number",
            "Correlation at the lag that the same day's carries over without a lead, -1 to 1",
        ),
        Column("95% low, all lags", "number", "Lower end of the simultaneous 95% band"),
        Column("95% high, all lags", "number", "Upper end of the simultaneous 95% band"),
        Column("95% low, one lag", "number", "Lower end of the pointwise 95% band"),
        Column("95% high, one lag", "number", "Upper end of the pointwise 95% band"),
        Column("p, all lags", "number", "p-value allowing for all lags both ways, 0 to 1"),
        Column(
            "r, whole history",
            "number",
            "The same correlation over all shared history, -1 to 1; missing where the era is "
            "nearly all of it",
        ),
    ),
    definition=(
        "Pearson cross-correlation of the daily log returns of the pair at lags of -60 to 60 "
        "sessions, each with the means and variances of its own pairs. The simultaneous 95% band "
        "is for all lags but 0 together, the pointwise one for a single lag, from 2,000 resamples "
        "of each series for itself by the stationary bootstrap; both lie around what the same "
        "day's correlation and the follower's memory carry over. Lag 0 is no lead and is not "
        "judged."
    ),
    scope="both",
    page="/lead-lag",
)
