"""One true series in thirty shapes: the same breakouts, correlation and verdict, or a message."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.chart import values
from components.registry import CHARTS
from data_sources.market import open_market
from settings import Settings
from sharing.view import inputs
from tests.unit.data_sources.file_shapes import Shape, cells, content
from tests.unit.data_sources.test_shapes import TEXTS
from view_state import ViewState

DAYS = pd.bdate_range("2023-01-02", "2025-12-31")
CARDS = ("breakouts", "rolling-correlation", "lead-lag")
VIEW = ViewState(base=60, cooldown=20)
RNG = np.random.default_rng(11)
SHOCKS = RNG.normal(0, 0.012, len(DAYS))
RUT = pd.Series(
    [Decimal(f"{close:.2f}") for close in 1000 * np.exp(np.cumsum(SHOCKS + 0.0004))], DAYS
)
COIN = pd.Series(
    20_000 * np.exp(np.cumsum(0.9 * SHOCKS + RNG.normal(0, 0.02, len(DAYS)))), DAYS
).round(2)
TRUE_DAYS = [day.date() for day in DAYS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    COIN.rename_axis("date").to_frame("close").to_csv(tmp_path / "BTC.csv")
    return tmp_path


def told(folder: Path) -> dict[str, Any]:
    """Tables of the charts that answer the question, or why there are none."""
    market = open_market(Settings(data="files", files=folder))
    answers: dict[str, Any] = {}
    for card in CARDS:
        chart = CHARTS[card]
        found, _, message = values(chart, inputs(chart, VIEW, market), VIEW)
        answers[card] = message if found is None else found
    return answers


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("truth")
    COIN.rename_axis("date").to_frame("close").to_csv(folder / "BTC.csv")
    lines = "".join(f"{day},{close}\n" for day, close in zip(TRUE_DAYS, RUT, strict=True))
    (folder / "RUT.csv").write_text(f"date,close\n{lines}")
    answers = told(folder)
    assert len(answers["breakouts"].table) > 1
    return answers


def written(folder: Path, shape: Shape) -> None:
    rows = cells(list(zip(TRUE_DAYS, RUT, strict=True)), shape)
    (folder / "RUT.csv").write_bytes(content(rows, shape))


def assert_same(found: dict[str, Any], truth: dict[str, Any]) -> None:
    for card in CARDS:
        pd.testing.assert_frame_equal(found[card].table, truth[card].table, check_exact=True)
        assert found[card].finding == truth[card].finding
        assert found[card].cautions == ()


@pytest.mark.parametrize("shape", TEXTS)
def test_a_shape_changes_no_answer(folder: Path, truth: dict[str, Any], shape: str) -> None:
    written(folder, TEXTS[shape])
    assert_same(told(folder), truth)


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo", "America/New_York"])
def test_parquet_changes_no_answer(folder: Path, truth: dict[str, Any], zone: str | None) -> None:
    frame = RUT.astype(float).rename("Close").to_frame()
    frame.index = frame.index.tz_localize(zone)
    frame.to_parquet(folder / "RUT.parquet")
    assert_same(told(folder), truth)


@pytest.mark.parametrize("rule", ["W-FRI", "ME"])
def test_a_coarser_series_is_never_taken_for_a_daily_one(folder: Path, rule: str) -> None:
    last = RUT.astype(float).resample(rule).last()
    last.rename_axis("date").to_frame("close").to_csv(folder / "RUT.csv")
    found = told(folder)
    unit = {"W-FRI": "week", "ME": "month"}[rule]
    for card in ("breakouts", "lead-lag"):
        assert found[card].startswith(f"RUT has one close a {unit}; ")
    rolling = found["rolling-correlation"]
    if rule == "ME":  # a window of 90 sessions holds 4 months
        assert rolling.startswith("A window of 90 sessions holds fewer than 5 monthly returns.")
    else:
        assert rolling.finding.startswith("18-week correlation of weekly returns ")


def test_midnights_turned_into_utc_are_told(folder: Path) -> None:
    """The zone is gone from the file: the days are one off, and the chart says so."""
    stamps = DAYS.tz_localize("Europe/Berlin").tz_convert("UTC")
    lines = "".join(
        f"{at:%Y-%m-%dT%H:%M:%SZ},{close}\n" for at, close in zip(stamps, RUT, strict=True)
    )
    (folder / "RUT.csv").write_text(f"date,close\n{lines}")
    for one in told(folder).values():
        assert one.cautions[0].startswith("20% of RUT's closes are dated on a Saturday or Sunday")


def test_the_truth_is_of_the_past() -> None:
    """Findings name days, so that they are the same tomorrow."""
    assert DAYS[-1].date() < datetime.now(UTC).date() - (date(2026, 1, 31) - date(2026, 1, 1))
