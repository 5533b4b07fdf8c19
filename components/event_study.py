"""What the charts of the evidence page share: whose breakouts, followed in what, and which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from math import isnan, log10
from typing import Any

import numpy as np
import pandas as pd

from analytics.breakouts import breakouts
from analytics.event_study import entry_dates, forward_returns, last_entry, same_era
from analytics.specification import Definition
from components.plotting import EmptyChartError, day, shown_span
from components.returns import daily_only
from components.theme import DASHES, EVENTS, GREY
from data_sources.series import Series
from view_state import HORIZONS, ViewState

Span = tuple[pd.Timestamp, pd.Timestamp]

FAN = (0.05, 0.25, 0.50, 0.75, 0.95)  # quantiles of any day
# Prices that end no longer before the last day shown, or before today, are still being made.
_STILL_MADE = 7
MOST_LABELLED = 12


@dataclass(frozen=True)
class Study:
    """Breakouts of one instrument, `signal`, and the closes of another, `target`, around them.

    Attributes
    ----------
    rule : Definition
        What counts as a breakout.
    span : (Timestamp, Timestamp)
        First and last day shown.
    events : DataFrame
        By date, the breakouts in the span with ``base_length``, ``close``, ``previous_high`` and
        ``entry``: the day of the target's next close, NaT where there is none within a week.
    close : Series
        The target's closes up to the end of the span.
    era : Series
        Those of them that breakouts are compared with: in the span, and with prices of the signal.
    until : Timestamp
        The last day on which there could be an entry.
    looked_at : date or None
        The day on which the closes were the newest there were: an outcome due before it will not
        come. None where they get no newer.
    """

    signal: Series
    target: Series
    rule: Definition
    span: Span
    events: pd.DataFrame
    close: pd.Series
    era: pd.Series
    until: pd.Timestamp
    looked_at: date | None

    @property
    def series(self) -> dict[str, Series]:
        """Signal and target by id."""
        return {one.id: one for one in (self.signal, self.target)}

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """The target's simple return after each entry, by event: a column a horizon, in days."""
        entered = self.events["entry"].dropna()
        after = forward_returns(self.close, pd.DatetimeIndex(entered), list(HORIZONS))
        return after.set_axis(entered.index).reindex(self.events.index)

    @cached_property
    def any_day(self) -> pd.DataFrame:
        """The same after each day compared with."""
        compared = pd.DatetimeIndex(self.era[: self.until].index)
        return forward_returns(self.era, compared, list(HORIZONS))

    @property
    def entries(self) -> pd.DatetimeIndex:
        """Entries of all events, NaT included."""
        return pd.DatetimeIndex(self.events["entry"])


def study(series: Mapping[str, Series], state: ViewState) -> Study:
    """The breakouts in view, remembered.

    Raises
    ------
    EmptyChartError
        When the pair has no prices together in the dates shown.
    """
    signal, target, span = roles(series, state)
    seen = study_of(signal, target, rule_of(state), span, target.looked_at)
    if seen.signal is not signal or seen.target is not target:
        # Equal closes may have another source: that of this view is shown.
        seen = replace(seen, signal=signal, target=target)
    if seen.era[: seen.until].empty or signal.close[slice(*span)].empty:
        raise EmptyChartError(
            f"{signal.id} and {target.id} have no prices together in the dates shown: "
            f"{signal.id} has them from {day(signal.close.index[0])} to {day(signal.as_of)}, "
            f"{target.id} from {day(target.close.index[0])} to {day(target.as_of)}."
        )
    return seen


def roles(series: Mapping[str, Series], state: ViewState) -> tuple[Series, Series, Span]:
    """Whose breakouts, what is followed, and the days shown.

    Raises
    ------
    EmptyChartError
        When either has no prices here or none that are daily, or none of what is chosen has any
        in the dates.
    """
    span = shown_span(series, state)
    for i in state.pair:
        if i not in series:
            raise EmptyChartError(f"There are no prices of {i} here: choose another instrument.")
    daily_only(series, state.pair, "breakouts are counted in sessions")
    small_cap, coin = (series[i] for i in state.pair)
    return (small_cap, coin, span) if state.leader == "smallcaps" else (coin, small_cap, span)


def rule_of(state: ViewState) -> Definition:
    """What counts as a breakout in this view."""
    return Definition(state.base, state.cooldown, state.high)


@lru_cache(maxsize=64)
def all_events(signal: Series, target: Series, rule: Definition, end: pd.Timestamp) -> pd.DataFrame:
    """Every breakout up to a day, and its ``entry`` in the target's closes up to then.

    None where closes are not daily: the rule counts sessions.
    """
    is_daily = signal.spacing == target.spacing == "d"
    events = breakouts(signal.believed[:end] if is_daily else signal.believed[:0], *rule)
    close = same_era(target.believed, signal.believed)[:end]
    return events.assign(entry=entry_dates(close, pd.DatetimeIndex(events.index)))


@lru_cache(maxsize=64)
def study_of(
    signal: Series, target: Series, rule: Definition, span: Span, looked_at: date | None
) -> Study:
    """The same, for what is to be remembered of it; where they share no day, without an era."""
    start, end = span
    signal_close = signal.close[:end]
    return Study(
        signal=signal,
        target=target,
        rule=rule,
        span=span,
        events=all_events(signal, target, rule, end)[start:],
        close=target.believed[:end],
        era=same_era(target.believed, signal.believed)[start:end],
        until=last_entry(signal_close) if len(signal_close) else start,
        looked_at=looked_at,
    )


def chosen(events: pd.DataFrame, state: ViewState) -> pd.DatetimeIndex:
    """The events whose rows the reader chose; days that are no event are left out."""
    days = pd.DatetimeIndex(events.index)
    return days[days.isin(pd.DatetimeIndex(state.events))]


def no_breakouts(study: Study, state: ViewState) -> str:
    """Why there is no event, without a full stop."""
    high = "record close" if state.high is None else f"{state.high}-session high"
    return (
        f"No breakout of {study.signal.id} in the dates shown: no {high} came after "
        f"{state.base} sessions without one"
    )


def why_unknown(seen: Study, event: pd.Timestamp, horizon: int, state: ViewState) -> str:
    """Why an event has no outcome: "not yet", "after the dates shown" or "no price"."""
    entry, end = seen.events.loc[event, "entry"], seen.span[1]
    # Without a close there is none to come.
    last = seen.close.index[-1] if len(seen.close) else pd.Timestamp.min
    due = (event if pd.isna(entry) else entry) + pd.Timedelta(days=horizon)
    if state.span[1] is None and seen.looked_at and due <= pd.Timestamp(seen.looked_at):
        end = pd.Timestamp(seen.looked_at)  # prices that stopped before it was due will not tell
    is_entered = event >= last if pd.isna(entry) else True
    if not is_entered or due <= last or (end - last).days > _STILL_MADE:
        return "no price"
    is_cut = state.span[1] is not None and due > pd.Timestamp(state.span[1])
    return "after the dates shown" if is_cut else "not yet"


def no_outcome(seen: Study, horizon: int, state: ViewState) -> str:
    """That no event has an outcome, and why, without a full stop."""
    events = seen.events.index
    whys = dict.fromkeys(why_unknown(seen, when, horizon, state) for when in events)
    why = " or ".join(whys).replace("no price", f"no price of {seen.target.id}")
    which = (
        f"The one breakout of {seen.signal.id} has no"
        if len(events) == 1
        else f"None of the {noun(len(events), seen.signal)} has a"
    )
    return f"{which} known outcome {horizon} days later ({why})"


def noun(count: int, signal: Series) -> str:
    """5 breakouts of RUT."""
    return f"{count} breakout{'' if count == 1 else 's'} of {signal.id}"


def event_line(position: int) -> dict[str, Any]:
    """Colour and dash of an event, by its place among all events shown."""
    return {
        "color": EVENTS[position % len(EVENTS)],
        "dash": DASHES[position // len(EVENTS) % len(DASHES)],
    }


def day_axis(before: int, after: int, step: int) -> dict[str, Any]:
    """An axis of days with a rule on the day of entry, and a line every `step` days."""
    return {
        "range": [-before, after],
        "tickvals": list(range(-(before // step) * step, after + 1, step)),
        "zeroline": True,
        "zerolinecolor": GREY,
        "title": {"text": "Days from the entry", "standoff": 4, "font": {"size": 11}},
        "hoverformat": "d",
    }


def level_axis(low: float, high: float) -> dict[str, Any]:
    """A log axis of values that are 100 at entry, and a little over their ends."""
    low, high = log10(low), log10(high)
    margin = 0.04 * (high - low) + 0.005
    # Over more than a decade, lines at 1, 2 and 5; plotly would crowd them.
    marks = [m * 10.0**k for k in range(-3, 9) for m in (1, 2, 5)]
    ticks = {"tickvals": [m for m in marks if low <= log10(m) <= high]} if high - low > 0.7 else {}
    return {
        "type": "log",
        "range": [low - margin, high + margin],
        "minorloglabels": "complete",
        "tickformat": ",d",
        **ticks,
    }


def horizon_rule(horizon: int, axis: Mapping[str, Any], yref: str = "y") -> dict[str, Any]:
    """A dotted rule on an axis of days where the page's horizon ends, along a `level_axis`."""
    low, high = axis["range"]
    return {
        "type": "line", "x0": horizon, "x1": horizon, "y0": 10**low, "y1": 10**high, "yref": yref,
        "layer": "between", "line": {"color": GREY, "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def median_return(returns: pd.Series) -> float:
    """Median of simple returns, between two middle ones by logs: +100% and −50% make 0."""
    return float(np.expm1(np.log1p(returns).median()))


def signed(fraction: float) -> str:
    """A whole percentage with its sign; a dash for NaN."""
    if isnan(fraction):
        return "–"
    percent = round(100 * fraction)
    return f"{percent:+,d}%".replace("-", "−") if percent else "0%"


def signed_log(log_return: float) -> str:
    """A log return as :func:`signed` simple return."""
    return signed(float(np.expm1(log_return)))


def share_interval(low: float, high: float) -> str:
    """12 to 77%, of fractions."""
    return f"{100 * low:.0f} to {high:.0%}"


def level(value: float) -> str:
    """A value that is 100 at entry."""
    return "–" if isnan(value) else f"{value:,.0f}"


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights moved apart until none is closer than `gap` to another, as little as possible.

    Least squares in their order: what remains when steps of `gap` are taken out is made not to
    fall by pooling neighbours (Ayer et al. 1955).
    """
    order = np.argsort(heights, kind="stable")
    pools: list[list[float]] = []  # sum, count
    for step, at in enumerate(order):
        pools.append([heights[at] - step * gap, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    means = [total / count for total, count in pools for _ in range(int(count))]
    moved = dict(zip(order.tolist(), means, strict=True))
    steps = {at: step for step, at in enumerate(order.tolist())}
    return [moved[at] + gap * steps[at] for at in range(len(heights))]
