"""Rolling correlation of every pair, with the focus pair's uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import floor, isnan
from typing import Any

import numpy as np
import pandas as pd

from analytics.alignment import observations
from analytics.correlation import (
    Method,
    ewma_lambda,
    fisher_interval,
    percentile_of_last,
    rolling_correlation,
)
from components.chart import INSTRUMENT, Chart, Column
from components.event_study import all_events, rule_of
from components.plotting import (
    EmptyChartError,
    Figure,
    axis_days,
    base_figure,
    day_end,
    rules,
    shown_span,
    values,
)
from components.present import dated, looked_at, present_from
from components.returns import (
    PERIODS,
    Frequency,
    Pair,
    pair_frequency,
    paired_returns,
    returns,
)
from components.theme import DASHES, GREY, Theme, colour, faded
from data_sources.series import Series
from view_state import ViewState

FEWEST = 5
_PAIR = f"{INSTRUMENT} × {INSTRUMENT}"


@dataclass(frozen=True)
class RollingCorrelation:
    """Rolling correlations over the shown span.

    ``lines`` maps each pair to its correlation by date, NaN where undefined. ``n`` is the number
    of returns in a window of the focus pair and ``frequency`` theirs: that of the view, or of the
    closes where they are farther apart. For the focus pair: ``low`` and ``high`` (95% band),
    ``overall`` (one correlation over every return shown), ``overall_n`` and ``envelope`` (where
    95% of windows would lie if the correlation were constant at ``overall``).
    """

    series: Mapping[str, Series]
    span: tuple[pd.Timestamp, pd.Timestamp]
    n: int
    frequency: Frequency
    lines: Mapping[Pair, pd.Series]
    low: pd.Series
    high: pd.Series
    overall: float
    overall_n: int
    envelope: tuple[float, float]
    events: pd.DatetimeIndex


@lru_cache(maxsize=128)
def rolling(
    first: Series, second: Series, frequency: Frequency, lag: int, *, window: int, method: Method
) -> pd.Series:
    """Rolling correlation of two series over their whole shared history, remembered."""
    pair = returns(first, second, frequency, lag)
    x, y = pair.to_numpy().T
    return pd.Series(rolling_correlation(x, y, window, method), index=pair.index)


def pairs(series: Mapping[str, Series], state: ViewState) -> list[Pair]:
    """Every pair that has data, the focus pair first."""
    return [(s, c) for s in state.small_caps for c in state.coins if s in series and c in series]


def prepare(series: Mapping[str, Series], state: ViewState) -> RollingCorrelation:
    """Correlate every pair; windows reach back before the first shown date."""
    start, end = span = shown_span(series, state)
    frequencies = {
        (s, c): pair_frequency(series[s], series[c], state.frequency)
        for s, c in pairs(series, state)
    }
    frequency = frequencies[state.pair]
    n = observations(state.window, frequency)
    if n < FEWEST:
        raise EmptyChartError(too_short(state, frequency))
    lines = {
        (s, c): rolling(
            series[s], series[c], f, state.lag,
            window=observations(state.window, f), method=state.method,
        )[start:end]
        for (s, c), f in frequencies.items()
        if observations(state.window, f) >= FEWEST
    }  # fmt: skip
    shown = paired_returns(series, state.pair, state)[start:end]
    x, y = shown.to_numpy().T
    whole: Method = "spearman" if state.method == "spearman" else "pearson"
    overall = float(rolling_correlation(x, y, len(x), whole)[-1]) if len(x) > 1 else np.nan
    focus = lines[state.pair]
    low, high = (pd.Series(e, focus.index) for e in fisher_interval(focus, n, state.method))
    envelope = fisher_interval(overall, n, state.method)
    return RollingCorrelation(
        series=series,
        span=span,
        n=n,
        frequency=frequency,
        lines=lines,
        low=low,
        high=high,
        overall=overall,
        overall_n=len(shown),
        envelope=(float(envelope[0]), float(envelope[1])),
        events=pd.DatetimeIndex(
            all_events(series[state.pair[0]], series[state.pair[1]], rule_of(state), end)[
                start:
            ].index
        ),
    )


def too_short(state: ViewState, frequency: Frequency) -> str:
    """Why a window holds too few returns. assets/live.js writes the same words."""
    return (
        f"A window of {state.window} sessions holds fewer than {FEWEST} {PERIODS[frequency]}ly "
        "returns. Choose a longer window or daily returns."
    )


def figure(frame: RollingCorrelation, state: ViewState, theme: Theme) -> Figure:
    """Draw every pair's line, and band and envelope of the focus pair."""
    fig = base_figure(frame.series, frame.span, theme, state.marks)
    layout = fig["layout"]
    small_cap = state.pair[0]
    ink = colour(small_cap, frame.series[small_cap].instrument.kind)
    layout["shapes"] += rules(frame.events, ink)
    fig["data"] += _envelope(frame)
    fig["data"] += _band(frame, state)
    # Drawn last, the focus pair lies on top.
    fig["data"] += [_line(pair, frame, state) for pair in reversed(list(frame.lines))]
    layout["yaxis"] |= {
        "range": [-1.04, 1.04],
        "tickvals": [-1, -0.5, 0, 0.5, 1],
        "ticktext": ["−1", "−0.5", "0", "0.5", "1"],
        "zeroline": True,
        "title": {**layout["yaxis"]["title"], "text": "Correlation"},
    }
    layout["legend"] |= {"traceorder": "reversed"}
    layout["meta"] = _live(frame, state)
    return fig


def _line(pair: Pair, frame: RollingCorrelation, state: ViewState) -> dict[str, Any]:
    line = frame.lines[pair]
    return {
        "type": "scatter",
        "uid": "line-" + "-".join(pair),
        "name": " × ".join(pair),
        "x": axis_days(line.index),
        "y": values(line),
        "mode": "lines",
        "line": {
            "color": _ink(frame, pair),
            "width": 2 if pair == state.pair else 1.1,
            # The hue is the coin's, the dash the small cap's.
            "dash": DASHES[state.small_caps.index(pair[0])],
        },
        "opacity": 1 if pair == state.pair else 0.7,
        "hovertemplate": "%{y:.2f}",
    }


def _band(frame: RollingCorrelation, state: ViewState) -> list[dict[str, Any]]:
    return _between(
        "band", "95% band", axis_days(frame.low.index), values(frame.low), values(frame.high),
        fill=faded(_ink(frame, state.pair), 0.22), edge={"width": 0},
    )  # fmt: skip


def _envelope(frame: RollingCorrelation) -> list[dict[str, Any]]:
    if np.isnan(frame.overall):
        return []
    low, high = frame.envelope
    return _between(
        "envelope", "If constant", axis_days(pd.DatetimeIndex(frame.span)),
        [low, low], [high, high], fill=faded(GREY, 0.1),
        edge={"color": faded(GREY, 0.9), "width": 1, "dash": "dot"},
    )  # fmt: skip


def _between(
    uid: str, name: str, x: Any, low: Any, high: Any, *, fill: str, edge: dict[str, Any]
) -> list[dict[str, Any]]:
    """Two lines and the area between them."""
    common = {"type": "scatter", "x": x, "mode": "lines", "line": edge, "hoverinfo": "skip"}
    return [
        {**common, "uid": f"{uid}-low", "y": low, "showlegend": False},
        {**common, "uid": uid, "y": high, "name": name, "fill": "tonexty", "fillcolor": fill},
    ]


def _live(frame: RollingCorrelation, state: ViewState) -> dict[str, object] | None:
    """What assets/live.js needs to recompute this figure while a control moves.

    None where closes are not daily: then the server draws it when the control is let go.
    """
    shown = {i: frame.series[i] for pair in frame.lines for i in pair}
    if any(one.spacing != "d" for one in shown.values()):
        return None
    pair = [frame.series[i] for i in state.pair]
    present, today = present_from(pair), looked_at(pair)
    is_latest = state.span[1] is None
    return {
        "pairs": [list(pair) for pair in frame.lines],
        "hashes": {i: one.content_hash for i, one in shown.items()},
        # Days whose move is not believed.
        "doubtful": {i: [f"{move.day:%Y-%m-%d}" for move in one.moves] for i, one in shown.items()},
        "span": [f"{edge:%Y-%m-%d}" for edge in frame.span],
        "present": f"{present:%Y-%m-%d}" if present is not None and is_latest else "",
        "today": f"{today:%Y-%m-%d}" if today is not None and is_latest else "",
        "day_end": day_end(frame.series, state.pair[1:]),
        "w": state.window,
        "m": state.method,
        "f": state.frequency,
        "lag": state.lag,
    }


def _ink(frame: RollingCorrelation, pair: Pair) -> str:
    return colour(pair[1], frame.series[pair[1]].instrument.kind)


def finding(frame: RollingCorrelation, state: ViewState) -> str:
    """The read-out. assets/live.js writes the same words while a control moves."""
    focus = frame.lines[state.pair].dropna()
    name = window_name(state, day_end(frame.series, state.pair[1:]), frame.frequency)
    if focus.empty:
        return (
            f"{name} is undefined in the dates shown: {frame.overall_n} shared returns, "
            f"{frame.n} needed."
        )
    low, high = frame.low[focus.index[-1]], frame.high[focus.index[-1]]
    when = dated(focus.index[-1], [frame.series[i] for i in state.pair], state)
    text = (
        f"{name} {when}{',' if ',' in when else ''} {number(focus.iloc[-1])} "
        f"(95% {number(low)} to {number(high)}), N = {frame.n}"
    )
    if len(focus) < 2 * frame.n:
        return f"{text}; too few windows to compare it with."
    rank = ordinal(percentile_of_last(focus.to_numpy()))
    outside = 100 * ((focus < frame.envelope[0]) | (focus > frame.envelope[1])).mean()
    return (
        f"{text}, {rank} percentile since {focus.index[0].year}. {int(outside + 0.5)}% of windows "
        "fall outside the grey band, which would hold 95% of them if correlation were a constant "
        f"{number(frame.overall)} and returns independent and normal."
    )


def window_name(state: ViewState, days: str, frequency: Frequency) -> str:
    """The statistic in words: "90-session correlation", with method, period and lag if unusual.

    `days` says when the days of the coins end, as :func:`components.plotting.day_end` writes it.
    A window is counted in what its returns span: 90 sessions, 18 weeks or 4 months.
    """
    unit, n = PERIODS[frequency], observations(state.window, frequency)
    method = {
        "pearson": "",
        "spearman": "Spearman ",
        "ewma": f"EWMA (λ = {ewma_lambda(n):.3f}) ",
    }[state.method]
    period = "" if frequency == "d" else f" of {unit}ly returns"
    leader = "small caps" if state.lag > 0 else "crypto"
    plural = "" if abs(state.lag) == 1 else "s"
    lag = f" with {leader} leading by {abs(state.lag)} {unit}{plural}" if state.lag else ""
    return f"{n}-{unit} {method}correlation{period}{days}{lag}"


def number(value: float) -> str:
    """Two decimals, halves up as in assets/live.js, never a negative zero; a dash for NaN."""
    if isnan(value):
        return "–"
    return f"{floor(100 * value + 0.5) / 100:.2f}".replace("-0.00", "0.00").replace("-", "−")


def ordinal(value: float) -> str:
    """78 as 78th."""
    whole = int(value + 0.5)
    teen = whole % 100 in (11, 12, 13)
    return f"{whole}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(whole % 10, 'th')}"


def table(frame: RollingCorrelation) -> pd.DataFrame:
    """The plotted values: one column a pair, and the focus pair's band and envelope."""
    columns = {" × ".join(pair): line for pair, line in frame.lines.items()}
    focus = " × ".join(next(iter(frame.lines)))
    columns |= {f"{focus} 95% low": frame.low, f"{focus} 95% high": frame.high}
    low, high = (pd.Series(edge, frame.low.index) for edge in frame.envelope)
    columns |= {f"{focus} if constant low": low, f"{focus} if constant high": high}
    return pd.DataFrame(columns).rename_axis("date")


CHART = Chart(
    id="rolling-correlation",
    title="Rolling correlation",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("returns",),
    columns=(
        Column("date", "date", "Last day of the window; with a lag, the later of the two days"),
        Column(
            _PAIR,
            "number",
            "Pearson, Spearman or EWMA correlation of the pair's log returns, -1 to 1",
            is_pattern=True,
        ),
        Column(
            f"{_PAIR} 95% low",
            "number",
            "Lower end of the focus pair's 95% confidence interval, -1 to 1",
            is_pattern=True,
        ),
        Column(
            f"{_PAIR} 95% high",
            "number",
            "Upper end of the focus pair's 95% confidence interval, -1 to 1",
            is_pattern=True,
        ),
        Column(
            f"{_PAIR} if constant low",
            "number",
            "Where 95% of windows would begin if the focus pair's correlation were constant",
            is_pattern=True,
        ),
        Column(
            f"{_PAIR} if constant high",
            "number",
            "Where 95% of windows would end if the focus pair's correlation were constant",
            is_pattern=True,
        ),
    ),
    definition=(
        "Correlation of the log returns of two instruments over a rolling window of n returns on "
        "the dates both have, by day, week or month: Pearson; Spearman, of the ranks; or EWMA, "
        "about zero with weights that count as much as n equal ones. The 95% interval is Fisher's, "
        "tanh(atanh r ± 1.96 / √(n − 3)), for Spearman with √(1.06 / (n − 3)), and holds for one "
        "window looked at on its own. Before the first full window, and where either does not "
        "vary, the value is missing, never 0."
    ),
)
