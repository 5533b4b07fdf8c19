"""Real prices beside the checkout: for checking only, never copied into the project."""

from pathlib import Path

import pandas as pd
import pytest

_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "market"


def market_folder() -> Path:
    """Folder of real prices; the calling test is skipped where there is none."""
    if not _FOLDER.is_dir():
        pytest.skip(f"no real prices at {_FOLDER}")
    return _FOLDER


def closes(stem: str) -> pd.Series:
    """Closes in the file of that name, such as "RUT" or "BTC-USD"."""
    path = market_folder() / f"{stem}.csv"
    return pd.read_csv(path, index_col="date", parse_dates=True)["close"]
