"""Cross-correlation by lag and time, with what may be noise faded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from analytics.lead_lag import rolling_cross_correlation
from components.chart import Chart, Column
from components.charts.lead_lag import BY_DAYS, LEADERS, era_returns, new_york_only
from components.charts.rolling_correlation import number
from components.plotting import (
    EmptyChartError,
    Figure,
    axis_day,
    axis_days,
    base_figure,
    values,
)
from components.returns import returns
from components.theme import BLUES, FRAME, GREY, ORANGES, Theme, faded
from data_sources.series import Series
from view_state import ViewState

MOST_LAGS = 20
_STEP = 21  # sessions from one column to the next
_SHORT = 1000  # returns, below which columns stand closer
_FEWEST = 20  # returns in the era


@dataclass(frozen=True)
class LeadLagMap:
    """Correlations in a window before each date.

    ``r`` has a row for each lag and a column for each last day of a window, over the whole shared
    history; ``in_era`` says which of those days are in the era, ``noise`` how far from 0 the
    correlation of a window of unrelated returns stays 95% of the time.
    """

    r: pd.DataFrame
    in_era: np.ndarray
    noise: float
    days: str
    series: Mapping[str, Series]


@lru_cache(maxsize=32)
def _rolling(
    first: Series, second: Series, until: pd.Timestamp, window: int
) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Last days and correlations of windows one of which ends on the day `until`, remembered."""
    whole = returns(first, second, "d", 0)
    step = _STEP if len(whole) > _SHORT else 5
    # Counted from the era's last return: an era that is over keeps its numbers as days are added.
    rows = len(whole) - (len(whole) - whole.index.get_indexer([until])[0] - 1) % step
    x, y = whole.to_numpy()[:rows].T
    ends, r = rolling_cross_correlation(x, y, window, step, MOST_LAGS)
    return pd.DatetimeIndex(whole.index[ends]), r


def prepare(series: Mapping[str, Series], state: ViewState) -> LeadLagMap:
    """Correlate windows of the whole history, by the crypto day of the view."""
    ((coin, shown),) = era_returns(series, state, _FEWEST)
    start, end = shown.index[0], shown.index[-1]
    dates, r = _rolling(series[state.pair[0]], coin, end, state.window)
    if len(dates) < 2:
        since, instead = new_york_only(coin)
        raise EmptyChartError(
            f"{' and '.join(state.pair)}{since} do not share enough returns for two windows of "
            f"{state.window} sessions and {MOST_LAGS} lags. Choose a shorter window{instead}."
        )
    return LeadLagMap(
        r=pd.DataFrame(r, pd.RangeIndex(-MOST_LAGS, MOST_LAGS + 1, name="lag"), dates),
        in_era=np.asarray((dates >= start) & (dates <= end)),
        noise=1.96 / np.sqrt(state.window),
        days=coin.day_end,
        series=series,
    )


def figure(frame: LeadLagMap, state: ViewState, theme: Theme) -> Figure:
    """Draw the heat map, the era framed where it is not all of it."""
    dates = pd.DatetimeIndex(frame.r.columns)
    fig = base_figure(frame.series, (dates[0], dates[-1]), theme, state.marks)
    layout = fig["layout"]
    strongest = min(1.0, 3 * frame.noise)
    ticks = [-strongest, -frame.noise, 0, frame.noise, strongest]
    fig["data"] = [
        {
            "type": "heatmap",
            "uid": "lead-lag-map",
            "x": axis_days(dates),
            "y": frame.r.index.tolist(),
            "z": values(frame.r.to_numpy()) | {"shape": ",".join(map(str, frame.r.shape))},
            "zmin": -strongest,
            "zmax": strongest,
            "colorscale": _scale(frame.noise / strongest),
            "colorbar": {
                "orientation": "h", "y": 1.02, "yanchor": "bottom", "len": 0.86, "thickness": 8,
                "outlinewidth": 0, "ypad": 0, "ticklabelposition": "outside top",
                "tickvals": ticks, "ticktext": [number(tick) for tick in ticks],
                "tickfont": {"size": 11},
            },
            "hoverongaps": False,
            "hovertemplate": "Window to %{x|%-d %b %Y}, lag %{y}: r = %{z:.2f}<extra></extra>",
        }
    ]  # fmt: skip
    for shape in layout["shapes"]:
        shape["layer"] = "above"  # the cells cover what is below
    layout["xaxis"] |= {"fixedrange": True, "showgrid": False}
    layout["yaxis"] |= {
        "range": [-MOST_LAGS - 0.5, MOST_LAGS + 0.5],
        "tickvals": [-20, -10, 0, 10, 20],
        "ticktext": ["−20", "−10", "0", "10", "20"],
        "showgrid": False,
        "title": {**layout["yaxis"]["title"], "text": LEADERS.format("sessions")},
    }
    layout |= {
        "dragmode": False,
        "hovermode": "closest",
        "margin": {"l": 52, "r": 14, "t": 44, "b": 42 if layout["annotations"] else 26},
        # Under the cells.
        "annotations": [mark | {"yanchor": "top", "yshift": -24} for mark in layout["annotations"]],
    }
    inside = dates[frame.in_era]
    if len(inside) and not frame.in_era.all():
        layout["shapes"].append(
            {
                "type": "rect", "x0": axis_day(inside[0]), "x1": axis_day(inside[-1]),
                "y0": 0, "y1": 1, "yref": "paper", "line": {"color": FRAME, "width": 2},
            }
        )  # fmt: skip
    return fig


def _scale(noise: float) -> list[list[float | str]]:
    """Orange where they move apart, blue where together, and faint up to `noise` either way."""
    low, high = 0.5 - noise / 2, 0.5 + noise / 2
    orange, blue = ORANGES["BTC"], BLUES["RUT"]
    return [
        [0.0, faded(orange, 1)],
        [low, faded(orange, 0.5)],
        [low, faded(orange, 0.13)],
        [0.5, faded(GREY, 0.03)],
        [high, faded(blue, 0.13)],
        [high, faded(blue, 0.5)],
        [1.0, faded(blue, 1)],
    ]


def finding(frame: LeadLagMap, state: ViewState) -> str:
    """How much of the map is beyond noise, against how much noise alone would be."""
    days = BY_DAYS[frame.days]
    leads = frame.r.loc[frame.r.index != 0, frame.in_era].to_numpy()
    cells = int(np.isfinite(leads).sum())
    noise = (
        f"Noise reaches ±{number(frame.noise)}: 95% of windows of {state.window} unrelated returns "
        "stay within"
    )
    if not cells:
        return f"{noise}; no such window of {' × '.join(state.pair)}{days} ends in the era."
    beyond = int((np.abs(leads) > frame.noise).sum())
    return (
        f"{noise}, and of {cells:,} cells of {' × '.join(state.pair)}{days} in the era {beyond:,} "
        f"({beyond / cells:.1%}) are beyond it, where chance alone would leave 5%. The same day "
        "(lag 0) is not counted; neighbouring cells share returns, so patches are no evidence."
    )


def table(frame: LeadLagMap) -> pd.DataFrame:
    """One row a window's last day, one column a lag."""
    by_date = frame.r.T.rename_axis(index="date", columns=None)
    return by_date.rename(columns=lambda lag: f"lag {lag}")


CHART = Chart(
    id="lead-lag-map",
    title="Cross-correlation by lag and time",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("returns",),
    columns=(
        Column("date", "date", "Last day of the window"),
        Column(
            "lag -?[0-9]+",
            "number",
            "Pearson correlation at that lag in sessions, -1 to 1; positive: the small cap leads",
            is_pattern=True,
        ),
    ),
    definition=(
        "Pearson correlation of the latest w pairs of daily log returns up to each date, w being "
        "the window of the view, at lags of -20 to 20 sessions. Of unrelated, independent returns "
        "95% of values lie within 1.96 / √w of 0; neighbouring values share returns."
    ),
    page="/lead-lag",
)
