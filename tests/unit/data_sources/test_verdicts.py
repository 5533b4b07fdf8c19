"""What somebody says of doubtful moves: how it is written, and what it does."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_sources.catalog import CATALOG
from data_sources.market import open_market
from data_sources.series import Series, content_hash, make_series
from data_sources.store import about_series
from data_sources.verdicts import judged, read_verdicts
from settings import Settings

DAYS = pd.bdate_range("2024-01-01", periods=200)
SPLIT = DAYS[120]
CLOSE = pd.Series(
    100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.012, len(DAYS)))), DAYS
)
UNADJUSTED = CLOSE.where(DAYS >= SPLIT, CLOSE / 10)


def series() -> Series:
    frame, now = UNADJUSTED.to_frame("close"), datetime(2026, 12, 1, tzinfo=UTC)
    return make_series(CATALOG[0], frame, source="file RUT.csv", fetched_at=now)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "moves.csv"
    path.write_text("\n".join(("id,date,move", *lines)) + "\n")
    return path


def test_without_a_file_nothing_has_been_said(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "moves.csv") == ({}, ())
    assert judged(series(), {}) is not None
    assert len(judged(series(), {}).moves) == 1


def test_what_is_accepted_is_real(tmp_path: Path) -> None:
    verdicts, problems = read_verdicts(written(tmp_path, f"rut, {SPLIT:%Y-%m-%d}, Accept"))
    assert problems == ()
    accepted = judged(series(), verdicts)
    assert accepted.moves == ()
    assert accepted.believed is accepted.close or accepted.believed.equals(accepted.close)
    assert accepted.content_hash == series().content_hash
    assert accepted != series()  # what was remembered of it is not


def test_a_ratio_brings_earlier_prices_to_the_shares_of_today(tmp_path: Path) -> None:
    verdicts, _ = read_verdicts(written(tmp_path, f"RUT,{SPLIT:%Y-%m-%d},1:10"))
    adjusted = judged(series(), verdicts)
    np.testing.assert_allclose(adjusted.close, CLOSE)
    assert adjusted.moves == ()
    assert adjusted.content_hash == content_hash(adjusted.frame)
    assert adjusted.source == f"file RUT.csv, adjusted for a split of 1:10 on {SPLIT:%Y-%m-%d}"


def test_a_verdict_on_another_day_changes_nothing_that_is_doubtful(tmp_path: Path) -> None:
    verdicts, _ = read_verdicts(written(tmp_path, "RUT,2024-02-01,accept", "IWM,2024-02-01,2:1"))
    assert judged(series(), verdicts).moves == series().moves


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("RUT,2024-06-17,yes", "'yes' is neither accept nor a split such as 2:1 or 1:10"),
        ("RUT,2024-06-17,0:1", "'0:1' is neither accept nor a split such as 2:1 or 1:10"),
        ("RUT,17/06/2024,accept", "'17/06/2024' is not a date such as 2024-12-31"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_others_hold(
    tmp_path: Path, line: str, problem: str
) -> None:
    verdicts, problems = read_verdicts(written(tmp_path, line, "RUT,2024-06-18,accept"))
    assert problems == (f"moves.csv, line 2: {problem}",)
    assert verdicts == {"RUT": {date(2024, 6, 18): "accept"}}


def test_a_file_that_is_no_such_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "moves.csv"
    path.write_text("id,day\nRUT,2024-06-17\n")
    assert read_verdicts(path) == ({}, ("moves.csv, line 1: no column named date",))


@pytest.mark.parametrize("place", ["folder", "setting"])
def test_a_folder_is_read_as_somebody_said(tmp_path: Path, place: str) -> None:
    folder, elsewhere = tmp_path / "prices", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    UNADJUSTED.rename_axis("date").to_frame("close").to_csv(folder / "RUT.csv")
    path = written(folder if place == "folder" else elsewhere, f"RUT,{SPLIT:%Y-%m-%d},1:10")
    moves = path if place == "setting" else None
    market = open_market(Settings(data="files", files=folder, moves=moves))
    assert list(market.instruments) == ["RUT"]
    np.testing.assert_allclose(market.series(["RUT"])["RUT"].close, CLOSE)


def test_what_was_accepted_is_frozen_with_a_link() -> None:
    accepted = replace(series(), accepted=frozenset({SPLIT.date()}))
    assert about_series(accepted)["accepted"] == [f"{SPLIT:%Y-%m-%d}"]
