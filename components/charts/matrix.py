"""Every selected small cap against every selected coin, for the latest window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.alignment import observations
from analytics.correlation import fisher_interval, rolling_correlation
from components.chart import Chart, Column
from components.charts.rolling_correlation import FEWEST, number, pairs, too_short, window_name
from components.plotting import EmptyChartError, Figure, day, day_end, sample_mark, shown_span
from components.present import dated
from components.returns import PERIODS, Frequency, pair_frequency, paired_returns
from components.theme import BLUES, FRAME, GREY, ORANGES, Theme, base_layout, faded
from data_sources.series import Series
from view_state import ViewState

# Orange where they move apart, blue where together, the ground itself at zero.
_SCALE = [
    [0.0, faded(ORANGES["BTC"], 0.85)],
    [0.5, faded(GREY, 0.08)],
    [1.0, faded(BLUES["RUT"], 0.85)],
]


@dataclass(frozen=True)
class Matrix:
    """One row a pair, with ``correlation``, ``low``, ``high``, ``n`` and ``as_of``.

    ``n`` is the number of returns behind the cell: fewer than the window holds when the shared
    history is short, and the correlation is then NaN. ``frequencies`` has that of each pair's
    returns.
    """

    cells: pd.DataFrame
    frequencies: Mapping[tuple[str, str], Frequency]
    series: Mapping[str, Series]


def prepare(series: Mapping[str, Series], state: ViewState) -> Matrix:
    """Correlate the last window of every pair."""
    end = shown_span(series, state)[1]
    frequencies = {
        (s, c): pair_frequency(series[s], series[c], state.frequency)
        for s, c in pairs(series, state)
    }
    rows = []
    for (small_cap, coin), frequency in frequencies.items():
        window = observations(state.window, frequency)
        if window < FEWEST:
            raise EmptyChartError(too_short(state, frequency))
        returns = paired_returns(series, (small_cap, coin), state)[:end]
        reach = len(returns) if state.method == "ewma" else window
        last = returns.to_numpy()[-reach:]
        r = (
            rolling_correlation(last[:, 0], last[:, 1], window, state.method)[-1]
            if len(last)
            else np.nan
        )
        low, high = fisher_interval(r, window, state.method)
        rows.append(
            {
                "small_cap": small_cap,
                "coin": coin,
                "correlation": r,
                "low": float(low),
                "high": float(high),
                "n": min(len(returns), window),
                "as_of": returns.index[-1] if len(returns) else end,
            }
        )
    return Matrix(pd.DataFrame(rows), frequencies, series)


def figure(frame: Matrix, _state: ViewState, theme: Theme) -> Figure:
    """Draw the heat map, the focus pair framed."""
    cells = frame.cells
    rows, columns = list(dict.fromkeys(cells.small_cap)), list(dict.fromkeys(cells.coin))

    def grid(cell_values: Any) -> list[list[Any]]:
        flat = list(cell_values)
        return [flat[i : i + len(columns)] for i in range(0, len(flat), len(columns))]

    heat_map = {
        "type": "heatmap",
        "uid": "matrix",
        "x": columns,
        "y": rows,
        "z": grid(cells.correlation),
        "zmin": -1,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": grid(
            f"<b>{number(cell.correlation)}</b><br>N = {cell.n}" for cell in cells.itertuples()
        ),
        "texttemplate": "%{text}",
        "textfont": {"size": 12 if len(columns) < 4 else 10},
        "customdata": grid(
            f"95% {number(cell.low)} to {number(cell.high)}, to {day(cell.as_of)}"
            for cell in cells.itertuples()
        ),
        "hoverongaps": False,
        "hovertemplate": "%{y} × %{x}: %{z:.2f} (%{customdata})<extra></extra>",
    }
    layout = base_layout(theme)
    layout["xaxis"] |= {"side": "top", "type": "category", "showgrid": False}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category", "showgrid": False}
    layout |= {
        "hovermode": "closest",
        "dragmode": False,
        "margin": {"l": 52, "r": 8, "t": 28, "b": 32},
        # The card is narrow: two lines, under the cells.
        "annotations": [
            mark | {"text": mark["text"].replace(": ", ":<br>"), "yanchor": "top"}
            for mark in sample_mark(frame.series)
        ],
        "shapes": [
            {
                "type": "rect", "x0": -0.5, "x1": 0.5, "y0": -0.5, "y1": 0.5,
                "line": {"color": FRAME, "width": 2},
            }
        ],
    }  # fmt: skip
    return {"data": [heat_map], "layout": layout}


def finding(frame: Matrix, state: ViewState) -> str:
    """The strongest and weakest pair, or the one pair there is."""
    defined = frame.cells.dropna(subset="correlation")
    days = day_end(frame.series, state.coins)
    name = window_name(state, days, frame.frequencies[state.pair])
    if defined.empty:
        return f"{name} is undefined for every pair: too few shared returns."
    if len(frame.cells) == 1:
        cell = defined.iloc[0]
        when = dated(cell.as_of, list(frame.series.values()), state)
        frequency = frame.frequencies[state.pair]
        period = "" if frequency == "d" else f", by {PERIODS[frequency]}ly returns"
        return (
            f"{cell.small_cap} × {cell.coin}{days} {when}{period}: {number(cell.correlation)} "
            f"(95% {number(cell.low)} to {number(cell.high)}), N = {cell.n}. "
            "Add small caps or coins to compare pairs here."
        )
    best = defined.loc[defined.correlation.idxmax()]
    worst = defined.loc[defined.correlation.idxmin()]
    return (
        f"{name}: from {number(worst.correlation)} ({worst.small_cap} × {worst.coin}) to "
        f"{number(best.correlation)} ({best.small_cap} × {best.coin}) over {len(defined)} pairs."
        f"{_last_days(defined, frame, state)}{_by_period(frame, state)}"
    )


def _last_days(cells: pd.DataFrame, frame: Matrix, state: ViewState) -> str:
    first, last = cells.as_of.min(), cells.as_of.max()
    if first != last:
        return f" They end between {day(first)} and {day(last)}."
    when = dated(last, list(frame.series.values()), state)
    return "" if when == "now" else f" They are of {when.removeprefix('on ')}."


def _by_period(frame: Matrix, state: ViewState) -> str:
    """Which pairs are by other returns than the focus pair."""
    focus = frame.frequencies[state.pair]
    others = [
        f" {small_cap} × {coin} is by {PERIODS[frequency]}ly returns."
        for (small_cap, coin), frequency in frame.frequencies.items()
        if frequency != focus
    ]
    return "".join(others)


def table(frame: Matrix) -> pd.DataFrame:
    """One row a pair."""
    return frame.cells.set_index(["small_cap", "coin"])


def focus_buttons(frame: Matrix, state: ViewState) -> list[html.Li]:
    """The same choice as a click on a cell, for the keyboard."""
    if len(frame.cells) == 1:
        return []
    return [
        html.Li(
            html.Button(
                f"{cell.small_cap} × {cell.coin}",
                className="focus-pair",
                **{
                    "data-pair": f"{cell.small_cap}~{cell.coin}",
                    "aria-pressed": str((cell.small_cap, cell.coin) == state.pair).lower(),
                },
            )
        )
        for cell in frame.cells.itertuples()
    ]


CHART = Chart(
    id="matrix",
    title="Pairs",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("returns",),
    columns=(
        Column("small_cap", "text", "Id of the small-cap index or ETF"),
        Column("coin", "text", "Id of the coin"),
        Column(
            "correlation",
            "number",
            "Pearson, Spearman or EWMA correlation of the pair's log returns, -1 to 1",
        ),
        Column("low", "number", "Lower end of its 95% confidence interval, -1 to 1"),
        Column("high", "number", "Upper end of its 95% confidence interval, -1 to 1"),
        Column("n", "integer", "Returns behind the correlation"),
        Column("as_of", "date", "Last day of the window"),
    ),
    definition=(
        "Correlation of the log returns of each pair over its latest window of n returns up to the "
        "last day shown, on the dates both have: Pearson; Spearman, of the ranks; or EWMA, about "
        "zero with weights that count as much as n equal ones. The 95% interval is Fisher's, "
        "tanh(atanh r ± 1.96 / √(n − 3)), for Spearman with √(1.06 / (n − 3)). With fewer returns "
        "than the window holds the correlation is missing, never 0."
    ),
    details=focus_buttons,
)
