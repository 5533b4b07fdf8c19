"""The curve: its cells are the event study's, and the chosen one stands where it belongs."""

import json
import re
import time
from base64 import b64decode

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analytics.event_odds import odds
from analytics.event_study import entry_dates
from components.background import in_background
from components.chart import render, values
from components.charts import specification_curve
from components.charts.specification_curve import CHART, DAYS, RULES, Curve
from components.event_study import signed_log
from components.plotting import UnfinishedChartError
from components.registry import CHARTS
from data_sources.sample import sample_series
from data_sources.series import Series
from tests.unit.components.test_claims import DAYS as ALL_DAYS
from tests.unit.components.test_claims import (
    LN2,
    SESSIONS,
    SIX,
    after,
    coin,
    series_of,
    small_cap,
)
from view_state import ViewState

SAMPLE = sample_series()
PLANTED = {
    "RUT": small_cap(*SIX),
    "BTC": coin({after(one): 2.0 for one in SIX}),
    "ETH": coin({}, "ETH"),
}


def prepared(series: dict[str, Series], state: ViewState | None = None) -> Curve:
    """Waited for."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return CHART.prepare(series, state or ViewState())
        except UnfinishedChartError:
            assert time.monotonic() < deadline


def cell(frame: Curve, **of: object) -> pd.Series:
    """The one cell with these choices."""
    cells = frame.cells
    for name, value in of.items():
        cells = cells[cells[name].isna() if value is None else cells[name] == value]
    assert len(cells) == 1
    return cells.iloc[0]


def numbers(array: dict[str, str]) -> np.ndarray:
    flat = np.frombuffer(b64decode(array["bdata"]), "<f4")
    return flat.reshape([int(n) for n in array.get("shape", str(len(flat))).split(",")])


def trace(figure, uid: str):
    return next(one for one in figure["data"] if one["uid"] == uid)


def test_the_grid_is_every_combination() -> None:
    frame = prepared(SAMPLE)
    curve = frame.cells[["signal", "target", "base", "high", "horizon"]]
    assert len(curve.drop_duplicates()) == len(curve)
    assert len(curve) + frame.untestable == 2 * 4 * len(RULES) * len(DAYS) == 160
    assert (frame.cells["n"] >= 2).all()
    assert frame.cells["effect"].is_monotonic_increasing


def test_a_cell_by_hand() -> None:
    """Six doublings after six breakouts; 30 of all days lead to each."""
    frame = prepared(PLANTED)
    found = cell(frame, target="BTC", base=126, high=None, horizon=30)
    assert found["n"] == 6
    assert found["effect"] == pytest.approx(LN2 - 6 * 30 / (len(ALL_DAYS) - 30) * LN2)
    flat = cell(frame, target="ETH", base=126, high=None, horizon=30)
    assert (flat["effect"], flat["p"]) == (0, 1)


def test_the_chosen_one_has_the_numbers_of_the_evidence_page() -> None:
    for state in (ViewState(), ViewState(small_caps=("IWN",), coins=("ETH",), base=40, horizon=60)):
        chosen = prepared(SAMPLE, state).chosen
        study = CHARTS["event-odds"].prepare(SAMPLE, state).odds[state.horizon]
        assert chosen is not None
        assert chosen["effect"] == pytest.approx(study.mean_difference)
        assert chosen["p"] == study.p.two_sided
        assert chosen["n"] == len(study.after_event)


def test_a_chosen_one_of_the_grid_is_marked_in_its_place() -> None:
    frame = prepared(SAMPLE, ViewState(coins=("ETH",), horizon=90, high=252))
    assert frame.is_in_grid
    row = frame.cells.iloc[int(frame.place)]
    assert row[["signal", "target", "base", "horizon", "high"]].tolist() == [
        "RUT", "ETH", 126, 90, 252,
    ]  # fmt: skip
    assert frame.chosen == row.to_dict()


@pytest.mark.parametrize("state", [ViewState(base=40), ViewState(base=200, horizon=365)])
def test_a_chosen_one_outside_the_grid_stands_between_its_neighbours(state: ViewState) -> None:
    frame = prepared(SAMPLE, state)
    assert not frame.is_in_grid
    assert frame.chosen is not None
    below = int((frame.cells["effect"] < frame.chosen["effect"]).sum())
    assert frame.place == below - 0.5
    assert "is none of these and stands above" in CHART.finding(frame, state)
    drawn = trace(CHART.figure(frame, state, "light"), "specifications-chosen")
    assert drawn["text"] == ["Chosen (not in the grid)"]
    # Adjusted as if it were one of them.
    less_likely = frame.cells["p"] > frame.chosen["p"]
    assert frame.chosen["q"] <= frame.cells.loc[less_likely, "q"].max() + 0.01
    assert frame.chosen["q"] >= frame.cells.loc[~less_likely, "q"].max() - 0.01


def test_the_finding_when_nothing_survives() -> None:
    frame = prepared(SAMPLE)
    effects = frame.cells["effect"]
    assert not (frame.cells["q"] <= 0.05).any()
    chosen = odds(
        SAMPLE["BTC"].close,
        entry_dates(
            SAMPLE["BTC"].close,
            pd.DatetimeIndex(["2016-11-14", "2020-11-13", "2021-11-02", "2025-09-18"]),
        ),
        180,
    )
    rank = 1 + (effects < chosen.mean_difference - 1e-12).sum()
    assert CHART.finding(frame, ViewState()) == (
        f"In {100 * (effects > 0).mean():.0f}% of 160 specifications, which share the same few "
        "breakouts, coins did better after them than after any day (median "
        f"{signed_log(effects.median())}); none can be told "
        "from chance, at a false discovery rate of 5%. The chosen one (RUT × BTC, 180 days: "
        f"{signed_log(chosen.mean_difference)}, p = {chosen.p.two_sided:.2f}, N = 4) is number "
        f"{rank} of 160 from the lowest."
    )


def test_the_finding_when_some_survive() -> None:
    frame = prepared(PLANTED)
    told = frame.cells[frame.cells["q"] <= 0.05]
    assert set(told["target"]) == {"BTC"}
    above, below = (told["effect"] > 0).sum(), (told["effect"] < 0).sum()
    assert above > 0
    n = len(frame.cells)
    assert (
        f"{above} ({100 * above / n:.0f}%) are above and {below} ({100 * below / n:.0f}%) below it "
        "by more than chance, at a false discovery rate of 5%." in CHART.finding(frame, ViewState())
    )
    figure = CHART.figure(frame, ViewState(), "light")
    drawn = trace(figure, "specifications-above")
    assert drawn["marker"]["symbol"] == "triangle-up"
    np.testing.assert_array_equal(
        numbers(drawn["y"]), told["effect"][told["effect"] > 0].to_numpy("f4")
    )
    assert trace(figure, "choices-above")["yaxis"] == "y2"


def test_every_specification_is_a_point_at_its_rank() -> None:
    frame = prepared(SAMPLE)
    figure = CHART.figure(frame, ViewState(), "light")
    go.Figure(figure)
    points = [
        (x, y)
        for uid in ("unclear", "above", "below")
        for one in [trace(figure, f"specifications-{uid}")]
        for x, y in zip(numbers(one["x"]), numbers(one["y"]), strict=True)
    ]
    ranks, effects = zip(*sorted(points), strict=True)
    assert ranks == tuple(range(1, len(frame.cells) + 1))
    np.testing.assert_array_equal(effects, frame.cells["effect"].to_numpy("f4"))
    marker = trace(figure, "specifications-chosen")
    assert frame.chosen is not None
    assert marker["x"] == [frame.place + 1]
    assert marker["y"] == [frame.chosen["effect"]]
    assert json.dumps(figure).count("NaN") == 0


def test_the_strip_has_one_row_a_choice() -> None:
    frame = prepared(SAMPLE)
    figure = CHART.figure(frame, ViewState(), "light")
    axis, strip = figure["layout"]["yaxis2"], trace(figure, "choices-unclear")
    names = dict(zip(axis["tickvals"], axis["ticktext"], strict=True))
    z = np.nan_to_num(numbers(strip["z"]))
    assert z.shape == (axis["range"][0] + 0.5, len(frame.cells))
    for row, name in names.items():
        if name in ("BTC", "ETH", "SOL", "XRP"):
            np.testing.assert_array_equal(z[row], frame.cells["target"] == name)
        if name.endswith(" days"):
            np.testing.assert_array_equal(z[row], frame.cells["horizon"] == int(name[:-5]))
    # Each specification has one rule, one index, one coin and one horizon.
    assert (z.sum(axis=0) == 4).all()


def test_neighbours_share_a_column_when_there_are_many() -> None:
    size = 500  # of three a column, 167 columns
    has = np.arange(size) % 2 == 0
    (strip,) = specification_curve._strip(
        [("even", has)], [np.ones(size, bool), np.zeros(size, bool), np.zeros(size, bool)]
    )
    z = numbers(strip["z"])
    assert z.shape == (1, 167)
    assert z[0, :3] == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    assert z[0, -1] == pytest.approx(1 / 2)  # 498 and 499
    assert (strip["x0"], strip["dx"]) == (2, 3)


def test_specifications_with_too_few_breakouts_are_counted_and_left_out() -> None:
    young = {**PLANTED, "ETH": series_of("ETH", coin({}, "ETH").close[SESSIONS[2190] :])}
    frame = prepared(young, ViewState(coins=("ETH",)))
    assert frame.untestable == len(RULES) * len(DAYS)
    assert set(frame.cells["target"]) == {"BTC"}
    assert frame.chosen is None
    assert CHART.finding(frame, ViewState(coins=("ETH",))).endswith(
        "The chosen one has fewer than two breakouts whose outcome is known."
    )
    (note,) = CHART.details(frame, ViewState())
    assert "20 of 40 have fewer than two breakouts" in note.children
    go.Figure(CHART.figure(frame, ViewState(coins=("ETH",)), "dark"))


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ({}, "The curve needs a small cap and a coin that have daily prices."),
        ({"RUT": SAMPLE["RUT"]}, "The curve needs a small cap and a coin that have daily prices."),
        (
            {"RUT": small_cap(), "BTC": coin({})},
            "No specification has two breakouts whose outcome is known: nothing to compare.",
        ),
    ],
)
def test_nothing_to_test_is_said(series: dict[str, Series], reason: str) -> None:
    deadline = time.monotonic() + 60
    while (drawn := render(CHART, series, ViewState())).status == "working":
        assert time.monotonic() < deadline
    assert (drawn.status, drawn.message) == ("empty", reason)


def test_the_table_is_the_curve() -> None:
    frame = prepared(SAMPLE)
    table = CHART.table(frame)
    assert table.index.tolist() == list(range(1, len(frame.cells) + 1))
    pd.testing.assert_series_equal(
        table["effect_log"], frame.cells["effect"], check_index=False, check_names=False
    )
    assert set(table["high"]) == {"all", "252", "126"}


def test_it_is_computed_once_with_progress_and_a_failure_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A card that works is asked again; one that failed says so, on the page and in the file."""
    series = {"RUT": small_cap(*SIX[:2]), "BTC": coin({after(SIX[0]): 1.5})}
    runs, cells_of = [], specification_curve.specification_cells

    def counted(*args):
        runs.append(1)
        for cells in cells_of(*args):
            time.sleep(0.05)
            yield cells

    monkeypatch.setattr(specification_curve, "specification_cells", counted)
    monkeypatch.setattr(
        specification_curve, "_tested", in_background(specification_curve._compute, patience=0.02)
    )
    said = set()
    while (drawn := render(CHART, series, ViewState())).status == "working":
        said.add(drawn.message)
    assert drawn.status == "ready"
    assert all(re.fullmatch(r"Test(ing|ed \d of) 5 rules × indices…", one) for one in said)
    assert len(said) > 1
    assert prepared(series, ViewState(horizon=90)).chosen != prepared(series).chosen
    assert len(runs) == 1

    def broken(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(specification_curve, "specification_cells", broken)
    other = {**series, "BTC": coin({after(SIX[0]): 3.0})}
    drawn = render(CHART, other, ViewState())
    assert drawn.status == "failed"
    assert values(CHART, other, ViewState())[0] is None
