"""Real prices and files beside the checkout: for checking only, never copied into the project."""

from pathlib import Path

import pandas as pd
import pytest

_SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def market_folder() -> Path:
    """Folder of real prices; the calling test is skipped where there is none."""
    return _shared("market")


def cases_folder() -> Path:
    """Folders of files in shapes that people have; skipped where there is none."""
    return _shared("cases")


def _shared(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"nothing at {folder}")
    return folder


def closes(stem: str) -> pd.Series:
    """Closes in the file of that name, such as "RUT" or "BTC-USD"."""
    path = market_folder() / f"{stem}.csv"
    return pd.read_csv(path, index_col="date", parse_dates=True)["close"]
