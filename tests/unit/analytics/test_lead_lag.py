"""Which series leads: cross-correlations, their bands, and regressions on the past."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.sandwich_covariance import S_hac_simple
from statsmodels.tools import add_constant

from analytics.alignment import lagged, log_returns, shared_closes
from analytics.bootstrap import content_seed
from analytics.correlation import rolling_pearson
from analytics.lead_lag import (
    block_length,
    chi_squared_tail,
    cross_correlation,
    granger_tests,
    lead_lag,
    rolling_cross_correlation,
    verdict,
)
from simulations.returns import LIKELY, Design, simulated
from tests.unit.real_data import closes


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def leading(by: int, strength: float, n: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Two series, the first `by` rows ahead of the second (behind, when negative)."""
    common, one, other = normal(3, n + 20)
    x = strength * common[10 + by : 10 + by + n] + one[:n]
    return x, strength * common[10 : 10 + n] + other[:n]


def pairs(x: np.ndarray, y: np.ndarray, lag: int) -> np.ndarray:
    return lagged(pd.DataFrame({"first": x, "second": y}), lag).to_numpy().T


LIKELY_PAIR = tuple(values[0] for values in simulated(LIKELY, 1, 600))
SERIES = {
    "normal": normal(2, 500),
    "a prime number of returns": 0.01 * normal(2, 503),
    "fat tails": np.random.default_rng(1).standard_t(2.5, (2, 400)),
    "spells, same-day correlation, memory": LIKELY_PAIR,
    "a large mean": normal(2, 300) + 20,
    "shortest": normal(2, 80),
    "an outlier at an end": np.where(np.arange(200) == 199, 50, normal(2, 200)),
}
EVERY_SERIES = pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)


# --- cross-correlation


@EVERY_SERIES
def test_each_lag_is_the_correlation_of_its_pairs(series: tuple[np.ndarray, np.ndarray]) -> None:
    found = cross_correlation(*series, 60)
    assert found.index.tolist() == list(range(-60, 61))
    for lag, r, n in found.itertuples():
        paired = pairs(*series, lag)
        assert r == pytest.approx(np.corrcoef(paired)[0, 1], abs=1e-12)
        assert n == paired.shape[1]


@pytest.mark.parametrize("lag", [-7, 0, 3])
def test_positive_lags_are_leads_of_the_first_series(lag: int) -> None:
    found = cross_correlation(*leading(lag, 5.0), 10)["r"]
    assert found.idxmax() == lag
    assert found[lag] > 0.9
    assert found.drop(index=lag).abs().max() < 0.2


def test_a_lag_whose_pairs_do_not_vary_is_undefined() -> None:
    x, y = normal(2, 50)
    x[:40] = 0.1
    for table in (cross_correlation(x, y, 20), lead_lag(x, y, 20, draws=50)):
        undefined = table["r"].isna()
        assert table.index[undefined].tolist() == list(range(10, 21))
        assert (table.drop(columns="n").isna().any(axis=1) == undefined).all()
        assert (table.drop(columns="n").isna().all(axis=1) == undefined).all()


@pytest.mark.parametrize("of", [cross_correlation, lead_lag])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[1:], y), "series of 99 and 100 returns"),
        (lambda x, y: (x[:79], y[:79]), "79 returns are too few: at least 80 are needed"),
        (lambda x, y: (np.where(x == x[5], np.nan, x), y), "a return is missing or infinite"),
        (lambda x, y: (x, np.where(y == y[5], np.inf, y)), "a return is missing or infinite"),
        (lambda x, y: (x, np.full_like(y, 0.1)), "a series does not vary"),
    ],
)
def test_what_cannot_be_correlated_is_refused(of, change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        of(*change(*normal(2, 100)))
    of(*(values[:80] for values in normal(2, 100)))


# --- bands


@EVERY_SERIES
def test_t_is_that_of_the_leaders_own_part(series: tuple[np.ndarray, np.ndarray]) -> None:
    """What is left of the leader after a regression on the follower's same day, pair by pair."""
    x, y = (values - values.mean() for values in series)
    table = lead_lag(*series, 20, draws=50)
    for lag, t in table["t"].items():
        leader, follower = (x, y) if lag >= 0 else (y, x)
        own = leader - (leader @ follower) / (follower @ follower) * follower if lag else leader
        products = own[: len(own) - abs(lag)] * follower[abs(lag) :]
        assert t == pytest.approx(products.sum() / np.sqrt((products**2).sum()), abs=1e-9)


def test_the_band_lies_around_what_the_same_day_carries_over() -> None:
    """By the follower's memory: its autocorrelation times the correlation of one day."""
    x, y = (v[0] for v in simulated(Design(rho=0.6, memory=(0.5, -0.3)), 1, 20_000))
    table = lead_lag(x, y, 5, draws=50)
    same_day = table["r"][0]
    assert table["carried"][0] == pytest.approx(0, abs=1e-12)
    for lag in range(1, 6):
        memory_x, memory_y = (np.corrcoef(v[lag:], v[:-lag])[0, 1] for v in (x, y))
        assert table["carried"][lag] == pytest.approx(same_day * memory_y, abs=2e-3)
        assert table["carried"][-lag] == pytest.approx(same_day * memory_x, abs=2e-3)
    middle = (table["low"] + table["high"]) / 2
    assert middle.to_numpy() == pytest.approx(table["carried"].to_numpy())
    assert ((table["pointwise_low"] + table["pointwise_high"]) / 2).to_numpy() == pytest.approx(
        middle.to_numpy()
    )


def test_bands_of_independent_days_are_those_of_the_normal_distribution() -> None:
    """1.96 standard errors for one lag, 3.52 for the largest of 120."""
    x, y = normal(2, 3000)
    table = lead_lag(x, y)
    reach = (table["high"] - table["low"]).to_numpy() / 2 * np.sqrt(3000)
    assert reach == pytest.approx(np.full(121, 3.52), rel=0.12)
    pointwise = (table["pointwise_high"] - table["pointwise_low"]) / 2 * np.sqrt(3000)
    assert pointwise.median() == pytest.approx(1.96, rel=0.03)
    assert lead_lag(x, y, 5)["high"].mean() < 0.9 * table["high"].mean()


def test_memory_of_both_series_widens_the_bands() -> None:
    """Bartlett (1935): by the root of the sum of the product of their autocorrelations, 1.29."""
    x, y = (v[0] for v in simulated(Design(memory=(0.5, 0.5)), 1, 4000))
    table = lead_lag(x, y, 20)
    pointwise = (table["pointwise_high"] - table["pointwise_low"]) / 2 * np.sqrt(4000)
    assert pointwise.median() == pytest.approx(1.96 * np.sqrt(5 / 3), rel=0.06)


def test_a_day_that_strikes_both_widens_the_lags_it_reaches() -> None:
    x, y = normal(2, 1000)
    x[500] = y[504] = 40
    table = lead_lag(x, y, 10, draws=200)
    width = table["high"] - table["low"]
    assert width[4] > 5 * width.drop(index=4).max()
    assert table["r"][4] > 0.5
    assert table["p"][4] > 0.9


def test_blocks_keep_volatility_that_comes_in_spells() -> None:
    x, y = (v[0] for v in simulated(Design(volatility="own"), 1, 2500))
    assert block_length(normal(2500)) < 5
    assert min(block_length(x), block_length(y)) > 20


def test_draws_are_judged_about_their_own_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """A draw whose blocks lie high is no larger for it."""
    x, y = normal(2, 200)
    tables = []
    for above in (0, 3):
        monkeypatch.setattr(
            "analytics.lead_lag.stationary_bootstrap",
            lambda values, _length, count, _rng, above=above: np.tile(values + above, (count, 1)),
        )
        tables.append(lead_lag(x, y, 10, draws=20))
    pd.testing.assert_frame_equal(*tables)


@EVERY_SERIES
@pytest.mark.parametrize(("level", "draws"), [(0.95, 199), (0.95, 10), (0.8, 50)])
def test_outside_the_band_is_p_at_most_5_percent(
    series: tuple[np.ndarray, np.ndarray], level: float, draws: int
) -> None:
    x, y = series
    y = y + 0.3 * np.roll(x, 3) + 0.2 * np.roll(x, -5)
    table = lead_lag(x, y, draws=draws, level=level)
    outside = (table["r"] > table["high"]) | (table["r"] < table["low"])
    if draws > 10:
        assert (outside == (table["p"] <= 1 - level + 1e-12)).all()
    else:
        # With 10 draws p is at least 1 / 11: the band reaches the largest.
        assert (outside == (table["p"] == 1 / 11)).all()
    assert (table["p"] > 0).all()
    assert (table["p"] <= 1).all()


def test_p_falls_as_t_grows() -> None:
    table = lead_lag(*leading(3, 0.5), draws=300).sort_values("t", key=np.abs)
    assert table["p"].is_monotonic_decreasing
    assert table["p"].iloc[0] == 1
    assert table["p"].iloc[-1] == 1 / 301


def test_the_same_data_have_the_same_band() -> None:
    x, y = normal(2, 200)
    first = lead_lag(x, y, 10, draws=100)
    pd.testing.assert_frame_equal(first, lead_lag(x.copy(), y.copy(), 10, draws=100))
    pd.testing.assert_frame_equal(first, lead_lag(x, y, 10, draws=100, seed=content_seed(x, y)))
    assert (first["high"] != lead_lag(x, y, 10, draws=100, seed=1)["high"]).all()


def test_scale_and_level_do_not_matter_and_a_sign_turns_the_chart_over() -> None:
    x, y = SERIES["spells, same-day correlation, memory"]
    table = lead_lag(x, y, 10, draws=100, seed=1)
    other = lead_lag(1e-3 * x + 4, -50 * y, 10, draws=100, seed=1)
    for name, turned, sign in [
        ("r", "r", -1), ("t", "t", -1), ("low", "high", -1), ("p", "p", 1),
        ("pointwise_high", "pointwise_low", -1),
    ]:  # fmt: skip
        assert table[name].to_numpy() == pytest.approx(sign * other[turned].to_numpy(), abs=1e-9)


def test_exchanging_the_series_mirrors_the_chart() -> None:
    x, y = SERIES["spells, same-day correlation, memory"]
    table, other = lead_lag(x, y, 10, draws=1500), lead_lag(y, x, 10, draws=1500)
    for name in ("r", "n", "carried", "t"):
        assert table[name].to_numpy() == pytest.approx(other[name].to_numpy()[::-1], abs=1e-9)
    assert table["high"].to_numpy() == pytest.approx(other["high"].to_numpy()[::-1], rel=0.1)


# --- verdict


@pytest.mark.parametrize("lag", [-4, 3])
def test_verdict_names_the_lead(lag: int) -> None:
    x, y = leading(lag, 0.5)
    table = lead_lag(x, y, 20, draws=300)
    found = verdict(table)
    assert found.beyond == (lag,)
    peak = found.first_leads if lag > 0 else found.second_leads
    assert (peak.lag, peak.r, peak.n) == (lag, table["r"][lag], 1500 - abs(lag))
    assert peak.p == 1 / 301
    other = found.second_leads if lag > 0 else found.first_leads
    assert np.sign(other.lag) == -np.sign(lag)
    assert other.p > 0.05


def test_the_same_day_is_no_lead() -> None:
    table = lead_lag(*leading(0, 2.0), 20, draws=300)
    assert table["p"][0] == 1 / 301
    assert verdict(table).beyond == ()


def test_the_strongest_lead_is_the_surest_not_the_largest() -> None:
    """A single day that strikes both makes a large correlation of little worth."""
    x, y = leading(3, 0.6)
    x[500], y[508] = 60, 60
    table = lead_lag(x, y, 20, draws=300)
    assert table["r"].idxmax() == 8
    assert verdict(table).first_leads.lag != 8


def test_russell_2000_and_bitcoin_lead_each_other_no_more_than_chance() -> None:
    returns = log_returns(shared_closes(closes("RUT"), closes("BTC-USD")))
    table = lead_lag(*returns.to_numpy().T)
    assert table["r"][0] == pytest.approx(0.249, abs=5e-4)
    # Lag −2 is 3.8 / sqrt(n), beyond any band for independent returns: a few days of March 2020.
    assert table["r"][-2] > 3.6 / np.sqrt(len(returns))
    found = verdict(table)
    assert found.beyond == ()
    assert min(found.first_leads.p, found.second_leads.p) > 0.1


# --- heat map


@pytest.mark.parametrize(("window", "step", "max_lag"), [(250, 21, 20), (30, 7, 3), (40, 1, 0)])
def test_windows_are_those_of_the_rolling_correlation(window: int, step: int, max_lag: int) -> None:
    x, y = LIKELY_PAIR
    ends, r = rolling_cross_correlation(x, y, window, step, max_lag)
    assert ends[-1] == len(x) - 1
    assert (np.diff(ends) == step).all()
    assert window + max_lag - 1 <= ends[0] < window + max_lag - 1 + step
    assert r.shape == (2 * max_lag + 1, len(ends))
    for row, lag in zip(r, range(-max_lag, max_lag + 1), strict=True):
        rolling = rolling_pearson(*pairs(x, y, lag), window)
        assert row == pytest.approx(rolling[ends - abs(lag)], abs=1e-12)


def test_no_window_fits_a_short_series() -> None:
    ends, r = rolling_cross_correlation(*normal(2, 269))
    assert (len(ends), r.shape) == (0, (41, 0))
    assert len(rolling_cross_correlation(*normal(2, 270))[0]) == 1


def test_a_window_that_does_not_vary_is_undefined() -> None:
    x, y = normal(2, 100)
    x[:60] = 0.1
    _, r = rolling_cross_correlation(x, y, 50, 10, 5)
    assert np.isnan(r).sum() > 0
    assert np.isnan(r[5]).tolist() == [True, False, False, False, False]


# --- regressions on the past


def by_hand(x: np.ndarray, y: np.ndarray, order: int) -> tuple[float, float]:
    """Score statistic without Fourier, projections or kernels, and the gain."""
    own = [[1, *(y[t - i] for i in range(1, order + 1))] for t in range(order, len(y))]
    past = np.array([[x[t - i] for i in range(1, order + 1)] for t in range(order, len(y))])
    y = y[order:]
    residuals = y - own @ np.linalg.lstsq(own, y)[0]
    past_alone = past - own @ np.linalg.lstsq(own, past)[0]
    scores = past_alone * residuals[:, None]
    statistic = scores.sum(0) @ np.linalg.inv(scores.T @ scores) @ scores.sum(0)
    larger = np.column_stack([own, past])
    left = y - larger @ np.linalg.lstsq(larger, y)[0]
    return statistic, 1 - left @ left / (residuals @ residuals)


def test_regressions_are_those_done_by_hand() -> None:
    x, y = leading(2, 0.6, 400)
    table = granger_tests(x, y, (1, 3))
    assert table["leader"].tolist() == ["first", "first", "second", "second"]
    assert table["order"].tolist() == [1, 3, 1, 3]
    assert table["n"].tolist() == [399, 397, 399, 397]
    assert (table["bandwidth"] == 0).all()
    for row, expected in zip(
        table.itertuples(), [by_hand(*s, p) for s in ((x, y), (y, x)) for p in (1, 3)], strict=True
    ):
        assert (row.statistic, row.gain) == pytest.approx(expected)
        assert row.p == pytest.approx(chi_squared_tail(row.statistic, row.order))


def residual_memory() -> tuple[np.ndarray, np.ndarray]:
    """Series whose first lag leaves autocorrelation: memory at lag 2 only."""
    x, y = normal(2, 800)
    for values in (x, y):
        for i in range(2, 800):
            values[i] += 0.5 * values[i - 2] + 0.3 * values[i - 1]
    return x, y


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("series", [leading(2, 0.6, 400), LIKELY_PAIR, residual_memory()])
def test_regressions_are_those_of_statsmodels(
    series: tuple[np.ndarray, np.ndarray], order: int
) -> None:
    """Its least squares, its Newey-West covariance of scores and its chi-squared distribution."""
    x, y = series
    (found,) = granger_tests(x, y, (order,)).iloc[:1].itertuples()
    own, past = (np.column_stack([v[order - i : -i] for i in range(1, order + 1)]) for v in (y, x))
    smaller = OLS(y[order:], add_constant(own)).fit()
    alone = past - np.column_stack([OLS(p, add_constant(own)).fit().fittedvalues for p in past.T])
    scores = alone * smaller.resid[:, None]
    inner = S_hac_simple(scores, nlags=found.bandwidth)
    statistic = scores.sum(0) @ np.linalg.inv(inner) @ scores.sum(0)
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(chi2.sf(statistic, order))
    larger = OLS(y[order:], add_constant(np.column_stack([own, past]))).fit()
    assert found.gain == pytest.approx(1 - larger.ssr / smaller.ssr)


def test_bandwidth_follows_the_autocorrelation_left_in_the_residuals() -> None:
    """Andrews (1991): 1.1447 (4 a^2 n / (1 - a^2)^2)^(1/3)."""
    x, y = residual_memory()
    found = granger_tests(x, y, (1, 10)).set_index(["leader", "order"])["bandwidth"]
    own = np.column_stack([np.ones(799), y[:-1]])
    residuals = y[1:] - own @ np.linalg.lstsq(own, y[1:])[0]
    a = residuals[:-1] @ residuals[1:] / (residuals[:-1] @ residuals[:-1])
    expected = 1.1447 * (4 * a**2 * 799 / (1 - a**2) ** 2) ** (1 / 3)
    assert found["first", 1] == int(expected) > 2
    assert found["first", 10] <= 1


def test_a_lead_of_two_shows_from_two_lags_on() -> None:
    found = granger_tests(*leading(2, 0.6), (1, 2, 5)).set_index(["leader", "order"])
    assert (found["p"]["first"] < 1e-4).tolist() == [False, True, True]
    assert (found["p"]["second"] > 0.01).all()
    assert found["gain"]["first", 2] > 10 * found["gain"]["second", 2]


def test_a_past_that_repeats_the_followers_says_nothing() -> None:
    x = normal(300)
    found = granger_tests(x, 2 * x + 1, (1, 5))
    assert found[["statistic", "p", "gain"]].isna().all(axis=None)


def test_too_few_returns_for_the_order_are_refused() -> None:
    with pytest.raises(ValueError, match="119 returns are too few: at least 120"):
        granger_tests(*normal(2, 119))
    assert len(granger_tests(*normal(2, 119), (1, 5))) == 4


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 10, 21])
def test_tail_of_chi_squared_is_scipys(degrees: int) -> None:
    for value in (0.0, 0.01, 1.0, 5.0, 18.307, 60.0, 500.0, 5000.0):
        expected = chi2.sf(value, degrees)
        assert chi_squared_tail(value, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)
