"""How often the intervals hold: the numbers that docs/numbers.md states.

Seeded simulations of returns with one true correlation. Coverage is the share of independent
windows whose nominal 95% interval holds the true value.
"""

import numpy as np
import pandas as pd
import pytest

from analytics.correlation import fisher_interval, rolling_correlation

EVERY_RHO = pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
EVERY_N = pytest.mark.parametrize("n", [30, 90])
Returns = tuple[np.ndarray, np.ndarray]


def independent(rho: float, shape: tuple[int, ...], seed: int = 1) -> Returns:
    """Bivariate normal returns without memory."""
    x, rest = np.random.default_rng(seed).standard_normal((2, *shape))
    return x, rho * x + np.sqrt(1 - rho**2) * rest


def clustered(rho: float, paths: int, days: int, volatility: str, tails: int | None) -> Returns:
    """GARCH(1,1) returns with alpha 0.10 and beta 0.88, one row a path.

    The two series have a variance of their ``own``, or are ``shared`` by one that follows the
    first. With `tails` both are multiplied by one shock a day, as a Student t of that many degrees
    of freedom is.
    """
    x, y = independent(rho, (days + 250, paths))
    if tails:
        rng = np.random.default_rng(2)
        shock = np.sqrt((tails - 2) / rng.chisquare(tails, x.shape))
        x, y = x * shock, y * shock
    in_x, in_y = np.ones(paths), np.ones(paths)
    for day_x, day_y in zip(x, y, strict=True):
        day_x[:] *= np.sqrt(in_x)
        day_y[:] *= np.sqrt(in_y)
        in_x = 0.02 + 0.10 * day_x**2 + 0.88 * in_x
        in_y = in_x if volatility == "shared" else 0.02 + 0.10 * day_y**2 + 0.88 * in_y
    return x[250:].T, y[250:].T


def coverage(r: np.ndarray, truth: float, n: int, method: str = "pearson") -> float:
    low, high = fisher_interval(r, n, method)
    return np.mean((low <= truth) & (truth <= high))


def of_each(returns: Returns, n: int, method: str) -> np.ndarray:
    """Correlation over each row, which is one window."""
    if method == "pearson":  # all rows end to end: only their own windows are kept
        x, y = (values.ravel() for values in returns)
        return rolling_correlation(x, y, n, method)[n - 1 :: n]
    return np.array(
        [rolling_correlation(x, y, n, method)[-1] for x, y in zip(*returns, strict=True)]
    )


def spaced_ewma(returns: Returns, n: int) -> np.ndarray:
    """EWMA correlations, warmed up; two windows apart, a shared weight has decayed to 2%."""
    rows = zip(*returns, strict=True)
    return np.concatenate([rolling_correlation(x, y, n, "ewma")[4 * n :: 2 * n] for x, y in rows])


def share_within_envelope(returns: Returns, window: int = 90) -> float:
    """Share of all windows where a constant correlation, the sample's own, would put 95%."""
    shares = []
    for x, y in zip(*returns, strict=True):
        low, high = fisher_interval(rolling_correlation(x, y, len(x))[-1], window)
        r = rolling_correlation(x, y, window)[window - 1 :]
        shares.append(np.mean((low <= r) & (r <= high)))
    return np.mean(shares)


@EVERY_RHO
@EVERY_N
def test_pearson_interval_holds_95_percent(n: int, rho: float) -> None:
    """Measured over 20,000 windows: 94.9 to 95.2%."""
    r = of_each(independent(rho, (5000, n)), n, "pearson")
    assert 0.93 <= coverage(r, rho, n) <= 0.97


@EVERY_RHO
@EVERY_N
def test_spearman_interval_holds_95_percent(n: int, rho: float) -> None:
    """Of its own population value, 6 / pi * asin(rho / 2). Measured over 5,000: 94.7 to 96.1%."""
    truth = 6 / np.pi * np.arcsin(rho / 2)
    r = of_each(independent(rho, (700, n)), n, "spearman")
    assert 0.93 <= coverage(r, truth, n, "spearman") <= 0.97


@EVERY_RHO
@EVERY_N
def test_ewma_interval_holds_95_percent_with_the_effective_n(n: int, rho: float) -> None:
    """Measured: 95.2 to 96.0%."""
    r = spaced_ewma(independent(rho, (1, 2 * n * 5000)), n)
    assert len(r) > 4900
    assert 0.93 <= coverage(r, rho, n) <= 0.97


@EVERY_N
def test_ewma_interval_is_a_little_short_just_after_warm_up(n: int) -> None:
    """The first defined value rests on three quarters of the effective observations: about 92%."""
    r = of_each(independent(0.3, (600, n)), n, "ewma")
    assert 0.90 <= coverage(r, 0.3, n) <= 0.935


def test_an_80_percent_interval_holds_80_percent() -> None:
    r = of_each(independent(0.3, (5000, 30)), 30, "pearson")
    low, high = fisher_interval(r, 30, level=0.80)
    assert 0.78 <= np.mean((low <= 0.3) & (high >= 0.3)) <= 0.82


@pytest.mark.parametrize(
    ("volatility", "tails", "measured"),
    [
        ("own", None, {"pearson": 0.947, "spearman": 0.953, "ewma": 0.956, "envelope": 0.948}),
        ("shared", None, {"pearson": 0.938, "spearman": 0.951, "ewma": 0.947, "envelope": 0.943}),
        ("shared", 5, {"pearson": 0.843, "spearman": 0.939, "ewma": 0.874, "envelope": 0.841}),
    ],
)
def test_coverage_falls_with_shared_volatility_and_far_with_fat_tails(
    volatility: str, tails: int | None, measured: dict[str, float]
) -> None:
    """True correlation 0.3 throughout, windows of 90: ranks hold where products do not."""
    rho, n = 0.3, 90
    returns = clustered(rho, paths=150, days=20 * n, volatility=volatility, tails=tails)
    windows = tuple(series.reshape(-1, n) for series in returns)
    every_second = tuple(series[::2] for series in windows)  # ranks take longer
    ranks = [pd.Series(series.ravel()).rank() for series in returns]
    true_rank_correlation = ranks[0].corr(ranks[1])
    found = {
        "pearson": coverage(of_each(windows, n, "pearson"), rho, n),
        "spearman": coverage(
            of_each(every_second, n, "spearman"), true_rank_correlation, n, "spearman"
        ),
        "ewma": coverage(spaced_ewma(returns, n), rho, n),
        "envelope": share_within_envelope(returns),
    }
    assert found == pytest.approx(measured, abs=0.015)


def test_interval_of_a_known_correlation() -> None:
    """By hand: atanh(0.5) = 0.5493, 1.96 / sqrt(100) = 0.196."""
    assert np.array(fisher_interval(0.5, 103)) == pytest.approx([0.3393, 0.6323], abs=1e-4)


def test_interval_of_spearman_is_wider_by_the_root_of_1_06() -> None:
    reach = [np.arctanh(fisher_interval(0.0, 50, method)[1]) for method in ("spearman", "pearson")]
    assert reach[0] / reach[1] == pytest.approx(np.sqrt(1.06))


@pytest.mark.parametrize("n", [0, 2, 3])
def test_three_observations_have_no_interval(n: int) -> None:
    assert np.isnan(fisher_interval(np.array([0.0, 0.5]), n)).all()
    assert not np.isnan(fisher_interval(np.array([0.0, 0.5]), 4)).any()


def test_interval_of_an_undefined_correlation_is_undefined() -> None:
    low, high = fisher_interval(np.array([np.nan, 0.2]), 30)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]


def test_interval_of_a_perfect_correlation_is_a_point() -> None:
    assert np.array(fisher_interval(np.array([-1.0, 1.0]), 30)).tolist() == [[-1, 1], [-1, 1]]


@EVERY_RHO
def test_95_percent_of_windows_lie_within_the_envelope_of_a_constant_correlation(
    rho: float,
) -> None:
    """Measured: 95.4 to 95.5%."""
    assert 0.93 <= share_within_envelope(independent(rho, (100, 3000))) <= 0.97
