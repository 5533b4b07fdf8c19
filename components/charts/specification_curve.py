"""The first claim under every definition at once, so that nobody can pick the flattering one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isnan, log1p
from typing import Any

import numpy as np
import pandas as pd
from dash import html

from analytics.event_odds import DRAWS
from analytics.specification import (
    Cell,
    Definition,
    curve_of,
    specification_cells,
    tested_cell,
)
from components.background import Say, in_background
from components.chart import Chart, Column
from components.claims.outcome import LEVEL
from components.event_study import rule_of, signed, signed_log
from components.plotting import EmptyChartError, Figure, p_value, sample_mark, values
from components.theme import BLUES, GREY, ORANGES, WHITE, Theme, base_layout, colour, faded
from data_sources.series import Series
from view_state import ViewState

# Short and long bases, under the record and under the year's high, and one quick rule.
RULES = (
    Definition(63, 60, None),
    Definition(126, 60, None),
    Definition(63, 60, 252),
    Definition(126, 60, 252),
    Definition(21, 60, 126),
)
DAYS = (30, 90, 180, 365)
MOST = 10  # of each kind: the instruments named in the catalog come first

# Specifications by what can be told of them: uid, name, colour and marker.
_KINDS = (
    ("unclear", "Not told from chance", GREY, "circle-open", 5),
    ("above", "Above, q ≤ 5%", BLUES["IWN"], "triangle-up", 8),
    ("below", "Below, q ≤ 5%", ORANGES["ETH"], "triangle-down", 8),
)
_COLUMNS = 220  # of the strip, at most
_ROW, _CURVE, _AXIS = 13, 250, 62  # CSS pixels: a row of the strip, the curve, what is around
_FINE = (-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5)
_COARSE = (-0.99, -0.97, -0.94, -0.875, -0.75, -0.5, 0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 99.0)

Many = tuple[Series, ...]


@dataclass(frozen=True)
class Curve:
    """Cells of the grid that can be tested, by effect, and the one the view is about.

    ``cells`` is as :func:`analytics.specification.curve_of` has it, ``untestable`` the number left
    out of it. ``chosen`` is a row of such a table, None where it cannot be tested; ``place`` is
    its position among the cells (from 0), between two of them when it is none of the grid.
    """

    small_caps: Many
    coins: Many
    cells: pd.DataFrame
    untestable: int
    chosen: Mapping[str, Any] | None
    place: float

    @property
    def is_in_grid(self) -> bool:
        """Whether the chosen one is a cell of the grid."""
        return self.place == int(self.place)

    @property
    def series(self) -> dict[str, Series]:
        """Every instrument of the grid."""
        return {one.id: one for one in (*self.small_caps, *self.coins)}


def prepare(series: Mapping[str, Series], state: ViewState) -> Curve:
    """Test every specification, in the background, and the chosen one."""
    small_caps, coins = (_of_kind(series, kind) for kind in ("small_cap", "coin"))
    if not small_caps or not coins:
        raise EmptyChartError("The curve needs a small cap and a coin that have daily prices.")
    _, curve = _tested((small_caps, coins))
    chosen, place = None, -1.0
    if all(i in series and series[i].spacing == "d" for i in state.pair):
        small_cap, coin = (series[i] for i in state.pair)
        chosen, place = _chosen(
            small_caps, coins, small_cap, coin, rule=rule_of(state), horizon=state.horizon
        )
    testable = curve[curve["is_testable"]]
    if testable.empty:
        raise EmptyChartError(
            "No specification has two breakouts whose outcome is known: nothing to compare."
        )
    return Curve(small_caps, coins, testable, len(curve) - len(testable), chosen, place)


def _of_kind(series: Mapping[str, Series], kind: str) -> Many:
    return tuple(
        one for one in series.values() if one.instrument.kind == kind and one.spacing == "d"
    )[:MOST]


def _compute(grid: tuple[Many, Many], say: Say) -> tuple[list[Cell], pd.DataFrame]:
    """Cells of the grid, and their curve."""
    small_caps, coins = ({one.id: one.believed for one in many} for many in grid)
    total = len(RULES) * len(grid[0])
    cells: list[Cell] = []
    say(f"Testing {total} rules × indices…")
    for done, found in enumerate(specification_cells(small_caps, coins, RULES, DAYS), 1):
        cells += found
        say(f"Tested {done} of {total} rules × indices…")
    return cells, curve_of(cells)


# A series is its content's hash, so what was computed once stays true.
_tested = in_background(_compute)


@lru_cache(maxsize=128)
def _chosen(
    small_caps: Many,
    coins: Many,
    small_cap: Series,
    coin: Series,
    *,
    rule: Definition,
    horizon: int,
) -> tuple[dict[str, Any] | None, float]:
    """Row and place of one specification, remembered: beside a large grid q takes a while."""
    cells, curve = _tested((small_caps, coins))
    cell = tested_cell((small_cap.id, small_cap.believed), (coin.id, coin.believed), rule, horizon)
    is_in_grid = any(one[:6] == cell[:6] for one in cells)
    # Of one that is none of the grid, q is as if it were.
    family = curve if is_in_grid else curve_of([*cells, cell])
    row = family[_is(family, cell)].iloc[0]
    if not row["is_testable"]:
        return None, -1.0
    return row.to_dict(), float(row.name) - (0 if is_in_grid else 0.5)


def _is(curve: pd.DataFrame, cell: Cell) -> pd.Series:
    """Rows of the curve that are this specification."""
    high = curve["high"].isna() if cell.high is None else curve["high"] == cell.high
    names = ("signal", "target", "base", "cooldown", "horizon")
    return high & np.logical_and.reduce([curve[name] == getattr(cell, name) for name in names])


def rule_name(base: int, high: float | None) -> str:
    """A rule in a few letters: its base and the high it passes."""
    passed = "record" if high is None or isnan(high) else f"{high:.0f} high"
    return f"{base} base, {passed}"


def figure(frame: Curve, state: ViewState, theme: Theme) -> Figure:
    """Draw the effects in order, and below them the choices each was made with."""
    layout = base_layout(theme)
    cells, rows = frame.cells, _rows(frame)
    split = _share_of_strip(len(rows))
    ranks = np.arange(len(cells)) + 1
    is_told = (cells["q"] <= LEVEL).to_numpy()
    is_above = (cells["effect"] > 0).to_numpy()
    kinds = [~is_told, is_told & is_above, is_told & ~is_above]
    hover = [_describe(row) for row in cells.to_dict("records")]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter", "uid": f"specifications-{uid}", "name": name, "mode": "markers",
            "x": values(ranks[at]), "y": values(cells["effect"][at]),
            "marker": {"color": ink, "symbol": symbol, "size": size},
            "customdata": [text for text, shown in zip(hover, at, strict=True) if shown],
            "hovertemplate": "%{customdata}<extra></extra>", "showlegend": bool(at.any()),
        }
        for (uid, name, ink, symbol, size), at in zip(_KINDS, kinds, strict=True)
    ]  # fmt: skip
    data += _mark(frame, state)
    data += _strip(rows, kinds)
    if frame.chosen:
        layout["shapes"].append(
            {
                "type": "line", "x0": frame.place + 1, "x1": frame.place + 1, "y0": 0, "y1": 1,
                "yref": "paper", "layer": "below",
                "line": {"color": colour(state.pair[1], "coin"), "width": 1, "dash": "dot"},
            }
        )  # fmt: skip
    layout["xaxis"] |= {
        "range": [0.5 - 0.01 * len(cells), 0.5 + 1.01 * len(cells)],
        "anchor": "y2",
        "showgrid": False,
        "nticks": 6,
        "tickformat": ",d",
        "title": {"text": "Specifications, by effect", "font": {"size": 11}, "standoff": 4},
    }
    layout["yaxis2"] = layout["yaxis"] | {
        "domain": [0, split], "showgrid": False, "range": [len(rows) - 0.5, -0.5],
        "tickmode": "array", "tickvals": [i for i, (name, _) in enumerate(rows) if name],
        "ticktext": [name for name, _ in rows if name], "tickfont": {"size": 10},
    }  # fmt: skip
    layout["yaxis"] |= {
        "domain": [split + 0.02, 1],
        **_ticks(cells["effect"]),
        "zeroline": True,
        "title": {**layout["yaxis"]["title"], "text": "Against any day"},
    }
    layout["margin"] |= {"l": 112, "r": 14, "b": 38}
    layout["hovermode"] = "closest"
    layout["annotations"] = sample_mark(frame.series)
    for mark in layout["annotations"]:
        # Above the low end of the curve there is room.
        mark |= {"x": 0, "xanchor": "left", "yref": "y domain", "y": 1, "yanchor": "top"}
    return {"data": data, "layout": layout}


def _mark(frame: Curve, state: ViewState) -> list[dict[str, Any]]:
    """The chosen specification, labelled where the curve leaves room: above left, below right."""
    if not frame.chosen:
        return []
    is_right = frame.place > len(frame.cells) / 2
    ink = colour(state.pair[1], "coin")
    return [
        {
            "type": "scatter", "uid": "specifications-chosen", "mode": "markers+text",
            "x": [frame.place + 1], "y": [frame.chosen["effect"]], "showlegend": False,
            "marker": {"symbol": "diamond", "size": 13, "color": ink,
                       "line": {"color": WHITE, "width": 1.5}},
            "text": ["Chosen" if frame.is_in_grid else "Chosen (not in the grid)"],
            "textposition": "top left" if is_right else "bottom right",
            "textfont": {"color": ink, "weight": 600},
            "customdata": [_describe(frame.chosen)],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]  # fmt: skip


def _strip(rows: list[tuple[str, np.ndarray]], kinds: list[np.ndarray]) -> list[dict[str, Any]]:
    """Which choices the specifications were made with, in the colours of their effects.

    A column stands for as many neighbours as keep it wider than a pixel on a phone, the stronger
    the more of them share the choice.
    """
    size = len(rows[0][1])
    step = _neighbours(size)
    starts = np.arange(0, size, step)
    counts = np.diff(starts, append=size)
    strips = []
    for (uid, _, ink, *_), at in zip(_KINDS, kinds, strict=True):
        made = np.array([has & at for _, has in rows])
        if not made.any():
            continue
        share = np.add.reduceat(made, starts, axis=1, dtype=float) / counts
        strips.append(
            {
                "type": "heatmap", "uid": f"choices-{uid}", "yaxis": "y2", "hoverinfo": "skip",
                "x0": (1 + step) / 2, "dx": step, "y0": 0, "dy": 1, "ygap": 3,
                "z": values(np.where(share > 0, share, np.nan))
                | {"shape": f"{len(rows)}, {len(starts)}"},
                "zmin": 0, "zmax": 1, "showscale": False,
                "colorscale": [[0, faded(ink, 0.1)], [1, ink]],
            }
        )  # fmt: skip
    return strips


def _neighbours(size: int) -> int:
    """Specifications in one column of the strip."""
    return -(-size // _COLUMNS)


def _rows(frame: Curve) -> list[tuple[str, np.ndarray]]:
    """Name of each choice and the specifications made with it; a gap between their kinds."""
    gap = ("", np.zeros(len(frame.cells), dtype=bool))
    cells = frame.cells.assign(
        rule=[
            rule_name(*one) for one in zip(frame.cells["base"], frame.cells["high"], strict=True)
        ],
        days=[f"{days} days" for days in frame.cells["horizon"]],
    )

    def rows(column: str, choices: Iterable[Any]) -> list[tuple[str, np.ndarray]]:
        return [(f"{one}", (cells[column] == one).to_numpy()) for one in choices]

    return [
        *rows("rule", [rule_name(one.base, one.high) for one in RULES]), gap,
        *rows("signal", [one.id for one in frame.small_caps]), gap,
        *rows("target", [one.id for one in frame.coins]), gap,
        *rows("days", [f"{days} days" for days in DAYS]),
    ]  # fmt: skip


def height(series: Iterable[str]) -> int:
    """CSS pixels that the figure needs, for the kinds of the instruments there are."""
    kinds = list(series)
    counts = (min(kinds.count(kind), MOST) for kind in ("small_cap", "coin"))
    return _CURVE + _AXIS + _ROW * (len(RULES) + len(DAYS) + 3 + sum(counts))


def _share_of_strip(rows: int) -> float:
    return rows * _ROW / (rows * _ROW + _CURVE)


def _ticks(effects: pd.Series) -> dict[str, Any]:
    """Log returns on the axis, the growth they are as its labels."""
    low, high = effects.min(), effects.max()
    ticks = _COARSE if high - low > 1.2 else _FINE
    shown = [one for one in ticks if low <= log1p(one) <= high or one == 0]
    return {
        "tickmode": "array",
        "tickvals": [log1p(one) for one in shown],
        "ticktext": [signed(one) for one in shown],
    }


def _describe(row: Mapping[Any, Any]) -> str:
    return (
        f"{_names(row)}: {signed_log(row['effect'])}, {p_value(row['p'])}, q = {row['q']:.2f}, "
        f"N = {row['n']}"
    )


def _names(row: Mapping[Any, Any]) -> str:
    rule = rule_name(row["base"], row["high"])
    return f"{row['signal']} × {row['target']}, {rule}, {row['horizon']} days"


def finding(frame: Curve, state: ViewState) -> str:
    """How many specifications support the claim, and where the chosen one stands."""
    cells, n = frame.cells, len(frame.cells)
    told = cells["q"] <= LEVEL
    above, below = (int((told & side).sum()) for side in (cells["effect"] > 0, cells["effect"] < 0))
    survive = (
        "none can be told from chance"
        if not told.any()
        else f"{above} ({100 * above / n:.0f}%) are above and {below} ({100 * below / n:.0f}%) "
        "below it by more than chance"
    )
    positive = 100 * (cells["effect"] > 0).mean()
    text = (
        f"In {positive:.0f}% of {n:,} specifications, which share the same few breakouts, coins "
        f"did better after them than after any day (median {signed_log(cells['effect'].median())})"
        f"; {survive}, at a false discovery rate of 5%."
    )
    if not frame.chosen:
        return f"{text} The chosen one has fewer than two breakouts whose outcome is known."
    below_it = int(np.ceil(frame.place))
    rank = f"is number {below_it + 1:,} of {n:,} from the lowest"
    if not frame.is_in_grid:
        rank = f"is none of these and stands above {below_it:,} of them"
    numbers = (
        f"{signed_log(frame.chosen['effect'])}, {p_value(frame.chosen['p'])}, "
        f"N = {frame.chosen['n']}"
    )
    return (
        f"{text} The chosen one ({' × '.join(state.pair)}, {state.horizon} days: {numbers}) {rank}."
    )


def table(frame: Curve) -> pd.DataFrame:
    """The curve; effects are differences of mean log returns."""
    cells = frame.cells.drop(columns="is_testable")
    high = ["all" if isnan(one) else f"{one:.0f}" for one in cells["high"]]
    ranked = cells.assign(high=high).set_axis(np.arange(len(cells)) + 1).rename_axis("rank")
    return ranked.rename(columns={"effect": "effect_log"})


def details(frame: Curve, _state: ViewState) -> list[Any]:
    """The grid, in words."""
    rules = "; ".join(
        f"base {one.base}, " + ("all-time high" if one.high is None else f"{one.high}-session high")
        for one in RULES
    )
    grid = len(frame.small_caps) * len(frame.coins) * len(RULES) * len(DAYS)
    skipped = (
        f" {frame.untestable:,} of {grid:,} have fewer than two breakouts whose outcome is known "
        "and are left out."
        if frame.untestable
        else ""
    )
    step = _neighbours(len(frame.cells))
    columns = (
        f" A column of the strip is {step} neighbours, the stronger the more share a choice."
        if step > 1
        else ""
    )
    return [
        html.Li(
            f"Every one of {len(RULES)} rules ({rules}; cool-down 60 sessions) × "
            f"{len(frame.small_caps)} small caps × {len(frame.coins)} coins × "
            f"{' / '.join(map(str, DAYS))} days, over all days there are, whatever range is shown. "
            "The effect is the mean log return after breakouts less that after any day, written as "
            f"growth; p by {DRAWS:,} resamples, adjusted over all of them (Yekutieli & Benjamini "
            f"1999).{skipped}{columns}"
        )
    ]


CHART = Chart(
    id="specification-curve",
    title="Specification curve",
    prepare=prepare,
    figure=figure,
    finding=finding,
    table=table,
    of=("events",),
    columns=(
        Column("rank", "integer", "Place by effect, from 1, the lowest"),
        Column("signal", "text", "Id of the instrument that breaks out"),
        Column("target", "text", "Id of the coin that is followed"),
        Column("base", "integer", "Least sessions since the last close at a new high"),
        Column("cooldown", "integer", "Least sessions between two breakouts"),
        Column("high", "text", "Sessions whose highest close is passed; all: every earlier one"),
        Column("horizon", "integer", "Calendar days from the entry"),
        Column("n", "integer", "Breakouts whose outcome is known"),
        Column(
            "effective_n", "number", "Separate breakouts that would tell as much as these n tell"
        ),
        Column(
            "effect_log",
            "number",
            "Mean log return after breakouts less that after any day, in logs",
        ),
        Column("p", "number", "Two-sided p-value of the effect, 0 to 1"),
        Column("q", "number", "p adjusted over all specifications: false discovery rate, 0 to 1"),
    ),
    definition=(
        "The difference between the mean log return after breakouts and after any day under every "
        "combination of breakout rule, small cap, coin and horizon, from the least to the "
        "greatest, over all days there are. p is from random rotations of the breakouts to other "
        "days; q controls the false discovery rate over all specifications by resampling them "
        "together (Yekutieli and Benjamini). Those with fewer than two breakouts whose outcome is "
        "known are left out."
    ),
    details=details,
    scope="all",
    page="/claims",
    is_slow=True,
)
