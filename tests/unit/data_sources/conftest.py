"""Fixtures: price files written by hand, and the sample, made once."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from data_sources.sample import sample_series
from data_sources.series import Series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "prices"
    path.mkdir()
    return path


@pytest.fixture
def rows() -> list[str]:
    """Twelve weekdays of a price, oldest first: lines 2 to 13 of a file with a header."""
    first = date(2024, 1, 1)
    days = [first + timedelta(days=d) for d in range(16)]
    weekdays = [day for day in days if day.weekday() < 5]
    return [f"{day},{100 + n}.5" for n, day in enumerate(weekdays)]


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a CSV file: a name, the rows, and perhaps another header."""

    def write_file(name: str, rows: list[str], header: str = "date,close") -> Path:
        path = folder / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write_file


@pytest.fixture(scope="session")
def sample() -> dict[str, Series]:
    return sample_series()
