"""assets/correlation.js computes what analytics/ computes."""

import json
import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from analytics.alignment import log_returns, shared_closes
from analytics.correlation import fisher_interval, rolling_correlation
from components.returns import holes, returns
from data_sources.catalog import CATALOG
from data_sources.sample import sample_series
from data_sources.series import Series, make_series
from tests.browser.conftest import open_view
from tests.unit.real_data import market_folder

CALL = """([method, x, y, n]) => [...window.bellwether.statistics.kernels[method](
    Float64Array.from(x.map((v) => v ?? NaN)), Float64Array.from(y.map((v) => v ?? NaN)), n,
  )].map((v) => (Number.isNaN(v) ? null : v))"""
PAIRED = """([first, second, frequency, lag, doubtful]) => {
  const { pairedReturns } = window.bellwether.statistics;
  const { days, x, y } = pairedReturns(first, second, frequency, lag, doubtful);
  return { days: [...days], x: [...x], y: [...y] };
}"""


def awkward(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns of a kind that breaks careless kernels."""
    rng = np.random.default_rng(7)
    x = rng.normal(0, 0.012, 1200)
    y = 0.4 * x + rng.normal(0, 0.04, 1200)
    if kind == "gaps":
        x[rng.integers(0, 1200, 15)] = np.nan
        y[400:420] = np.nan
    elif kind == "constant":
        x[300:700] = 0.001
        y[500:560] = 0.0
    elif kind == "tiny":
        x[200:600] = 0.01 + 1e-9 * rng.normal(size=400)
    elif kind == "outlier":
        y[600] = 1e4
    elif kind == "ties":
        x, y = np.round(x, 2), np.round(y, 2)
    return x, y


def listed(values: np.ndarray) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


@pytest.fixture(scope="module")
def kernels(browser, address):
    page: Page = browser.new_page()
    open_view(page, address)
    yield page
    page.close()


@pytest.mark.parametrize("method", ["pearson", "spearman", "ewma"])
@pytest.mark.parametrize("kind", ["plain", "gaps", "constant", "tiny", "outlier", "ties"])
@pytest.mark.parametrize("window", [5, 90, 500, 1300])
def test_kernels_agree(kernels: Page, method: str, kind: str, window: int) -> None:
    x, y = awkward(kind)
    expected = rolling_correlation(x, y, window, method)
    found = kernels.evaluate(CALL, [method, listed(x), listed(y), window])
    np.testing.assert_allclose(np.array(found, float), expected, rtol=0, atol=1e-9)


def as_sent(series: pd.Series) -> dict[str, list[float]]:
    """A series in the shape the browser loads it in."""
    days = series.index.to_numpy().astype("datetime64[D]").astype(int)
    return {"days": days.tolist(), "closes": series.tolist()}


def _day_number(day: pd.Timestamp) -> int:
    return (day - pd.Timestamp(0)).days


def as_series(instrument_id: str, close: pd.Series) -> Series:
    instrument = next(one for one in CATALOG if one.id == instrument_id)
    frame, now = close.to_frame("close"), datetime(2026, 12, 1, tzinfo=UTC)
    return make_series(instrument, frame, source="here", fetched_at=now)


def real(name: str) -> pd.Series:
    frame = pd.read_csv(market_folder() / name, parse_dates=["date"], index_col="date")
    return frame["close"]


def check_returns(page: Page, first: Series, second: Series, frequency: str, lag: int) -> None:
    expected = returns(first, second, frequency, lag)
    doubtful = [_day_number(move.day) for one in (first, second) for move in one.moves]
    sent = [as_sent(first.close), as_sent(second.close), frequency, lag, doubtful]
    found = page.evaluate(PAIRED, sent)
    days = expected.index.to_numpy().astype("datetime64[D]").astype(int)
    assert found["days"] == days.tolist()
    np.testing.assert_allclose(found["x"], expected["first"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(found["y"], expected["second"], rtol=0, atol=1e-13)


@pytest.mark.parametrize("frequency", ["d", "w", "m"])
@pytest.mark.parametrize("lag", [0, 3, -60])
def test_returns_agree(kernels: Page, frequency: str, lag: int) -> None:
    sample = sample_series()
    check_returns(kernels, sample["IWN"], sample["SOL"], frequency, lag)


@pytest.mark.parametrize("frequency", ["d", "w", "m"])
@pytest.mark.parametrize("lag", [0, 1, 20, -7])
def test_returns_across_holes_and_doubtful_moves_are_left_out_alike(
    kernels: Page, frequency: str, lag: int
) -> None:
    sample = sample_series()
    holed = sample["RUT"].close.copy()
    holed["2021-03-16":] *= 10
    holed = holed.drop(holed["2018-02-05":"2018-09-20"].index).drop(
        holed["2022-05-02":"2022-05-10"].index
    )
    coin = sample["BTC"].close.copy()
    coin["2023-04-02"] *= 7  # a Sunday: there, and back on Monday
    first, second = as_series("RUT", holed), as_series("BTC", coin)
    assert len(first.moves) == 1
    assert len(second.moves) == 2
    assert len(holes(first, second, frequency)) >= 1
    check_returns(kernels, first, second, frequency, lag)


@pytest.mark.parametrize("method", ["pearson", "spearman", "ewma"])
def test_kernels_agree_on_real_returns(kernels: Page, method: str) -> None:
    rut, btc = real("RUT.csv"), real("BTC-USD.csv")
    check_returns(kernels, as_series("RUT", rut), as_series("BTC", btc), "d", 0)
    x, y = log_returns(shared_closes(rut, btc)).to_numpy().T
    found = kernels.evaluate(CALL, [method, x.tolist(), y.tolist(), 90])
    expected = rolling_correlation(x, y, 90, method)
    np.testing.assert_allclose(np.array(found, float), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", ["pearson", "spearman", "ewma"])
def test_intervals_agree(kernels: Page, method: str) -> None:
    script = """([r, n, method]) => window.bellwether.statistics.fisherInterval(r, n, method)"""
    for r in (-0.99, -0.3, 0.0, 0.42, 1.0):
        found = kernels.evaluate(script, [r, 90, method])
        assert json.loads(json.dumps(found)) == pytest.approx(
            [float(edge) for edge in fisher_interval(r, 90, method)], abs=1e-12
        )
