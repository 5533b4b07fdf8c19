"""Real prices beside the checkout: for checking only, never copied into the project."""

from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "market"


def market_folder() -> Path:
    """Folder of real prices; the calling test is skipped where there is none."""
    if not _FOLDER.is_dir():
        pytest.skip(f"no real prices at {_FOLDER}")
    return _FOLDER
