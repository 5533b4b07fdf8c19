"""What followed breakouts, beside what followed any day: the test of the claim."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.event_odds import Odds, odds
from analytics.specification import Definition
from components.chart import DATE, Chart, Column
from components.event_study import (
    FAN,
    MOST_LABELLED,
    Span,
    Study,
    event_line,
    no_breakouts,
    no_outcome,
    noun,
    share_interval,
    signed_log,
    spread,
    study,
    study_of,
)
from components.plotting import EmptyChartError, Figure, day, p_value, sample_mark
from components.theme import GREY, Theme, base_layout, colour, faded
from data_sources.series import Series
from view_state import HORIZONS, ViewState, to_query

SIGNIFICANT = 0.05
FEW = 5  # separate breakouts below which a p of 5% is no evidence: one outcome decides
UNEVEN = (30, 60, 90)  # days at which the test errs too often
_READING = (
    "Days count from the entry; N in brackets: how many separate breakouts would tell as much. "
    "Higher: share of rises, 95% by Wilson, p one-sided. Differences are from any day, as ratios; "
    "their 95% and all p move the breakouts to other days, as many and as far apart."
)
# Where they stand beside the middle of their horizon.
_BOX, _MEAN, _POINT, _NAME = -0.22, -0.02, 0.09, 0.12
_LABEL_GAP = 0.042  # of the axis: a line of text
# Simple returns at which the axis may have a line, from 0 outwards.
_RISES = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_FALLS = (-0.05, -0.1, -0.2, -0.3, -0.5, -0.75, -0.9, -0.95, -0.98, -0.99, -0.995)


@dataclass(frozen=True)
class EventOdds:
    """The test at each horizon (days), and the quantiles of any day's log returns there."""

    study: Study
    odds: Mapping[int, Odds]
    any_day: pd.DataFrame


def prepare(series: Mapping[str, Series], state: ViewState) -> EventOdds:
    """Compare what followed breakouts with what followed any day, at every horizon."""
    seen = study(series, state)
    tested = _tested(seen.signal, seen.target, seen.rule, seen.span)
    if all(one.any_day.empty for one in tested.values()):
        raise EmptyChartError(
            f"No day in the dates shown is {HORIZONS[0]} days old: choose a longer range."
        )
    quantiles = {days: one.any_day.quantile(list(FAN)) for days, one in tested.items()}
    return EventOdds(seen, tested, pd.DataFrame(quantiles).T)


@lru_cache(maxsize=16)
def _tested(signal: Series, target: Series, rule: Definition, span: Span) -> dict[int, Odds]:
    """The test at every horizon, remembered."""
    seen = study_of(signal, target, rule, span, target.looked_at)
    return {days: odds(seen.era, seen.entries, days, until=seen.until) for days in HORIZONS}


def figure(frame: EventOdds, state: ViewState, theme: Theme) -> Figure:
    """Draw a box of any day and the breakouts beside it, at every horizon."""
    layout = base_layout(theme)
    points = _points(frame)
    low, high = _reach(frame, points)
    ticks = _ticks(low, high)
    at = HORIZONS.index(state.horizon)
    layout["xaxis"] |= {
        "range": [-0.5, len(HORIZONS) - 0.38],
        "tickvals": list(range(len(HORIZONS))),
        "ticktext": [f"{h}<br>N = {len(one.after_event)}" for h, one in frame.odds.items()],
        "showgrid": False,
        "title": {"text": "Days from the entry", "standoff": 4, "font": {"size": 11}},
    }
    layout["yaxis"] |= {
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [signed_log(tick) for tick in ticks],
        "zeroline": True,
        "title": {**layout["yaxis"]["title"], "text": f"{frame.study.target.id}, log scale"},
    }
    layout["legend"] |= {"y": 0.93}
    layout |= {
        "title": {
            "text": _title(frame, state), "x": 0, "xref": "paper", "y": 0.99, "yanchor": "top",
            "font": {"size": 12},
        },
        "margin": {"l": 58, "r": 8, "t": 54, "b": 54},
        "hovermode": "closest",
        "dragmode": False,
        "annotations": sample_mark(frame.study.series),
        "shapes": [
            {
                "type": "rect", "x0": at - 0.5, "x1": at + 0.5, "y0": 0, "y1": 1, "yref": "paper",
                "layer": "below", "line": {"width": 0}, "fillcolor": faded(GREY, 0.10),
            }
        ],
    }  # fmt: skip
    return {
        "data": [
            _boxes(frame),
            *_means(frame),
            *_marks(frame, points, _LABEL_GAP * (high - low)),
        ],
        "layout": layout,
    }


def _title(frame: EventOdds, state: ViewState) -> str:
    count = len(frame.odds[state.horizon].after_event)
    return f"N = {noun(count, frame.study.signal)}, {state.horizon} days"


def _points(frame: EventOdds) -> pd.DataFrame:
    """One row an outcome: its horizon's place, the event's place and day, and the log return."""
    places = {
        entry: (position, when)
        for position, (when, entry) in enumerate(frame.study.events["entry"].items())
    }
    return pd.DataFrame(
        [
            (column, *places[entry], log_return)
            for column, one in enumerate(frame.odds.values())
            for entry, log_return in one.after_event.items()
        ],
        columns=["column", "position", "date", "log_return"],
    )


def _reach(frame: EventOdds, points: pd.DataFrame) -> tuple[float, float]:
    shown = np.append(frame.any_day.to_numpy().ravel(), points["log_return"].to_numpy(dtype=float))
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    margin = 0.05 * (high - low) + 0.01
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Log returns of round percentages, from no change outwards, that leave room for text."""
    ticks = [0.0]
    for way in (_RISES, _FALLS):
        last = 0.0
        for tick in np.log1p(way):
            if abs(tick - last) >= (high - low) / 10 and low <= tick <= high:
                ticks.append(float(tick))
                last = tick
    return sorted(ticks)


def _boxes(frame: EventOdds) -> dict[str, Any]:
    known = frame.any_day.dropna()
    return {
        "type": "box",
        "uid": "any-day",
        "name": "Any day",
        "x": [HORIZONS.index(days) + _BOX for days in known.index],
        "lowerfence": known[0.05].tolist(),
        "q1": known[0.25].tolist(),
        "median": known[0.50].tolist(),
        "q3": known[0.75].tolist(),
        "upperfence": known[0.95].tolist(),
        "width": 0.26,
        "line": {"color": GREY, "width": 1.5},
        "fillcolor": faded(GREY, 0.22),
        "hoverinfo": "skip",
    }


def _means(frame: EventOdds) -> list[dict[str, Any]]:
    """Mean of any day, over the box, and of the breakouts, over their points."""
    target = frame.study.target
    ink = colour(target.id, target.instrument.kind)
    mean_of = {
        "any-day": ([one.any_day.mean() for one in frame.odds.values()], _BOX, GREY),
        "breakouts": ([one.after_event.mean() for one in frame.odds.values()], _MEAN, ink),
    }
    return [
        {
            "type": "scatter",
            "uid": f"mean-{name}",
            "name": "Mean of breakouts" if name == "breakouts" else "Mean of any day",
            "x": [column + place for column in range(len(means))],
            "y": [None if isnan(mean) else float(mean) for mean in means],
            "mode": "markers",
            "marker": {"symbol": "diamond", "size": 9, "color": shade},
            "showlegend": name == "breakouts",
            "customdata": [_described(frame, days, name) for days in frame.odds],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for name, (means, place, shade) in mean_of.items()
    ]


def _described(frame: EventOdds, days: int, name: str) -> str:
    one = frame.odds[days]
    if name == "breakouts":
        return f"{days} days after breakouts: mean {signed_log(one.after_event.mean())}"
    known = {at: signed_log(value) for at, value in frame.any_day.loc[days].items()}
    return (
        f"{days} days after any day: mean {signed_log(one.any_day.mean())}, median {known[0.5]},"
        f"<br>half from {known[0.25]} to {known[0.75]}, 90% from {known[0.05]} to {known[0.95]}"
    )


def _marks(frame: EventOdds, points: pd.DataFrame, gap: float) -> list[dict[str, Any]]:
    """A point an outcome and, where it says which, the year of its event."""
    if points.empty:
        return []
    inks = [event_line(position)["color"] for position in points["position"]]
    common = {"type": "scatter", "showlegend": False}
    dots = {
        **common,
        "uid": "breakouts",
        "name": "After a breakout",
        "x": (points["column"] + _POINT).tolist(),
        "y": points["log_return"].tolist(),
        "mode": "markers",
        "marker": {"color": inks, "size": 7},
        "customdata": [
            f"{HORIZONS[one.column]} days after {day(one.date)}: {signed_log(one.log_return)}"
            for one in points.itertuples()
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    days = frame.study.events.index
    if len(days) > MOST_LABELLED or not days.year.is_unique:  # more would not fit a phone
        return [dots]
    heights = points.groupby("column")["log_return"].transform(
        lambda column: spread(column.tolist(), gap)
    )
    names = {
        **common,
        "uid": "breakout-names",
        "x": (points["column"] + _NAME).tolist(),
        "y": heights.tolist(),
        "mode": "text",
        "text": [f"{when:%Y}" for when in points["date"]],
        "textposition": "middle right",
        "textfont": {"color": inks, "size": 10},
        "hoverinfo": "skip",
    }
    return [dots, names]


def finding(frame: EventOdds, state: ViewState) -> str:
    """What followed the breakouts, against any day, and whether chance does as much."""
    seen, days = frame.study, state.horizon
    one, target = frame.odds[days], frame.study.target.id
    if one.any_day.empty:
        return (
            f"No day in the dates shown has an outcome {days} days later: choose a shorter horizon "
            "or a longer range."
        )
    count = len(one.after_event)
    any_day = f"{one.any_day_hit_rate:.0%}"
    if seen.events.empty:
        return (
            f"{no_breakouts(seen, state)}; {target} was higher {days} days after {any_day} of all "
            "days."
        )
    missing = len(seen.events) - count
    if not count:
        return f"{no_outcome(seen, days, state)}; {target} was higher after {any_day} of all days."
    more = (
        f"; {missing} more {'has' if missing == 1 else 'have'} no known outcome" if missing else ""
    )
    if count == 1:
        way = "higher" if one.hit_rate else "not higher"
        return (
            f"{target} was {way} {days} days after the breakout of {seen.signal.id} of "
            f"{day(_first(frame, days))} ({signed_log(one.after_event.iloc[0])}); after any day it "
            f"was higher {any_day} of the time{more}. One breakout cannot be told from chance "
            "(N = 1)."
        )
    low, high = one.hit_interval
    hits = round(one.hit_rate * count)
    effective = f", effective N = {one.overlap.effective_n:.1f}" if one.overlap.share else ""
    return (
        f"{target} was higher {days} days after {hits} of {noun(count, seen.signal)} "
        f"({one.hit_rate:.0%}, 95% {share_interval(low, high)}); after any day {any_day}{more}. "
        f"The mean difference of {signed_log(one.mean_difference)} "
        f"(95% {_interval(one)}) {_verdict(one)} "
        f"({p_value(one.p.two_sided)}, N = {count}{effective})."
    )


def _first(frame: EventOdds, days: int) -> pd.Timestamp:
    entry = frame.odds[days].after_event.index[0]
    return pd.Timestamp(frame.study.events.index[frame.study.entries == entry][0])


def _verdict(one: Odds) -> str:
    if one.p.two_sided > SIGNIFICANT:
        return "cannot be told from chance"
    if one.overlap.effective_n < FEW:
        return "stands out, but so few breakouts cannot tell it from chance"
    return "is unlikely to be chance alone, had this rule been the only one to choose from"


def _interval(one: Odds) -> str:
    low, high = (signed_log(edge) for edge in one.interval)
    return f"{low.removesuffix('%')} to {high}"


def details(frame: EventOdds, state: ViewState) -> list[html.Li]:
    """The test at every horizon as a table, how to read it and what so few events can show."""
    words: list[Any] = [_READING, _chance(frame, state), _overlap(frame, state), _lively(state)]
    if state.leader == "smallcaps":
        curve = f"/claims?{to_query(state)}#card-specification-curve"
        link = html.A("the specification curve", href=curve)
        words.append(["This is one rule of many: ", link, " shows the others."])
    return [html.Li(_numbers(frame, state)), *(html.Li(text) for text in words if text)]


def _numbers(frame: EventOdds, state: ViewState) -> html.Div:
    headings = ("Days", "N", "Higher", "Any day", "Median diff.", "Mean diff.", "p")
    rows = [
        html.Tr(
            [html.Th(str(days), scope="row"), *(html.Td(cell) for cell in _cells(one))],
            className="focus" if days == state.horizon else None,
        )
        for days, one in frame.odds.items()
    ]
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(name, scope="col") for name in headings])),
                html.Tbody(rows),
            ],
            **{"aria-label": f"{frame.study.target.id} after breakouts and after any day"},
        ),
        className="table-scroll",
        tabIndex=0,
    )


def _cells(one: Odds) -> list[Any]:
    count = len(one.after_event)
    any_day = "–" if isnan(one.any_day_hit_rate) else f"{one.any_day_hit_rate:.0%}"
    if not count:
        return ["0", "–", any_day, "–", "–", "–"]
    effective = f" ({one.overlap.effective_n:.1f})" if one.overlap.share else ""
    is_tested = not isnan(one.p.two_sided)
    return [
        f"{count}{effective}",
        [
            f"{one.hit_rate:.0%}",
            html.Small(share_interval(*one.hit_interval)),
            html.Small(p_value(one.p_hits) if is_tested else ""),
        ],
        any_day,
        signed_log(one.median_difference),
        [signed_log(one.mean_difference), html.Small(_interval(one) if is_tested else "")],
        p_value(one.p.two_sided).removeprefix("p = ").removeprefix("p ") if is_tested else "–",
    ]


def _chance(frame: EventOdds, state: ViewState) -> str:
    """What so few events, with a horizon of their own each, can show."""
    one = frame.odds[state.horizon]
    if isnan(one.p.two_sided) or one.overlap.share:
        return ""
    low, high = (signed_log(one.mean_difference - edge) for edge in reversed(one.interval))
    size = (
        f"mean difference has to be about {low} or less, or {high} or more, to stand out (5%, "
        "two-sided)."
    )
    if one.hit_rate == 1:  # the p beside it says how often chance does that
        return f"A {size}"
    count, share = len(one.after_event), one.any_day_hit_rate
    often = "less than 1%" if share**count < 0.01 else f"{share**count:.0%}"
    return (
        f"By chance alone {count} of {count} rises happen {often} of the time ({share:.0%} to the "
        f"power of {count}), and a {size}"
    )


def _lively(state: ViewState) -> str:
    """How the test errs where horizons are short."""
    if state.horizon not in UNEVEN:
        return ""
    return (
        "Breakouts come in lively times: at 30 to 90 days simulations find that this test errs up "
        "to twice as often as it should (docs/simulations.md)."
    )


def _overlap(frame: EventOdds, state: ViewState) -> str:
    """What shares days: horizons of breakouts with each other, and those of all days always."""
    one, horizon = frame.odds[state.horizon], state.horizon
    if one.any_day.empty:
        return ""
    first, last = one.any_day.index[0], one.any_day.index[-1]
    spans = ((last - first).days + horizon) / horizon
    days = (
        f"The {len(one.any_day):,} days compared with hold {spans:,.0f} separate "
        f"span{'' if round(spans) == 1 else 's'} of {horizon} days, and tell no more than that."
    )
    count = len(one.after_event)
    if not count or not one.overlap.share:
        return days
    return (
        f"Horizons overlap: {round(one.overlap.share * count)} of {count} breakouts share part of "
        f"their {horizon} days with another, and the {count} tell as much as "
        f"{one.overlap.effective_n:.1f} separate ones. {days}"
    )


def table(frame: EventOdds) -> pd.DataFrame:
    """One row a horizon: any day's quantiles, each outcome and the test; returns as fractions."""
    rows = {}
    days_of = dict(zip(frame.study.entries, frame.study.events.index, strict=True))
    for days, one in frame.odds.items():
        quantiles = {f"any_day_{at:.0%}": value for at, value in frame.any_day.loc[days].items()}
        outcomes = {f"{days_of[at]:%Y-%m-%d}": v for at, v in one.after_event.items()}
        returns = {
            **quantiles,
            "any_day_mean": one.any_day.mean(),
            **outcomes,
            "mean": one.after_event.mean(),
            "mean_difference": one.mean_difference,
            "mean_difference_low": one.interval[0],
            "mean_difference_high": one.interval[1],
            "median_difference": one.median_difference,
        }
        rows[days] = {
            "n": len(one.after_event),
            "effective_n": one.overlap.effective_n,
            "share_of_rises": one.hit_rate,
            "share_low": one.hit_interval[0],
            "share_high": one.hit_interval[1],
            "any_day_share_of_rises": one.any_day_hit_rate,
            "p": one.p.two_sided,
            "p_share_higher": one.p_hits,
            **{name: float(np.expm1(value)) for name, value in returns.items()},
        }
    return pd.DataFrame.from_dict(rows, "index").rename_axis("days")


CHART = Chart(
    id="event-odds",
    title="Odds against any day",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("events",),
    columns=(
        Column("days", "integer", "Horizon, calendar days from the entry"),
        Column("n", "integer", "Breakouts whose outcome is known"),
        Column(
            "effective_n", "number", "Separate breakouts that would tell as much as these n tell"
        ),
        Column("share_of_rises", "number", "Share of these followed by a rise, a fraction"),
        Column("share_low", "number", "Lower end of its 95% interval by Wilson, a fraction"),
        Column("share_high", "number", "Upper end of its 95% interval by Wilson, a fraction"),
        Column(
            "any_day_share_of_rises", "number", "Share of all days followed by a rise, a fraction"
        ),
        Column("p", "number", "Two-sided p-value of the difference of the means, 0 to 1"),
        Column("p_share_higher", "number", "One-sided p-value of a share of rises as high, 0 to 1"),
        *(
            Column(
                f"any_day_{at:.0%}",
                "number",
                f"{at:.0%} quantile of the returns after any day, simple return, a fraction",
            )
            for at in FAN
        ),
        Column("any_day_mean", "number", "Mean of them, of logs, as simple return, a fraction"),
        Column(
            DATE,
            "number",
            "Simple return after the breakout of that date, a fraction",
            is_pattern=True,
        ),
        Column("mean", "number", "Mean of these, of logs, as simple return, a fraction"),
        Column(
            "mean_difference",
            "number",
            "Mean after breakouts less that after any day, of logs, as growth, a fraction",
        ),
        Column("mean_difference_low", "number", "Lower end of its 95% interval, a fraction"),
        Column("mean_difference_high", "number", "Upper end of its 95% interval, a fraction"),
        Column(
            "median_difference",
            "number",
            "Median after breakouts less that after any day, of logs, as growth, a fraction",
        ),
    ),
    definition=(
        "Returns over each horizon from the first close after a breakout, against those from every "
        "day on which there could have been an entry; means, medians and differences are of log "
        "returns and written as simple ones, exp(x) − 1. p and the interval of the difference come "
        "from 10,000 random rotations of the breakouts to other days, as many and as far apart; "
        "the interval of the share of rises is Wilson's, for the effective N. With fewer than two "
        "breakouts there is neither p nor interval of the difference."
    ),
    details=details,
    scope="utc",
    page="/evidence",
)
