"""The ledger: every number by hand, and the verdicts that follow from it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from analytics.event_odds import Odds, odds
from analytics.resampling import PValues
from components.chart import render
from components.charts import claims
from components.charts.claims import CHART, CLAIMS, Ledger, read_claims
from components.claims import tests as claim_tests
from components.claims.outcome import Mark, Measure, NotTestableError, Outcome
from components.claims.tests import ClaimTest
from components.registry import CHARTS
from data_sources.catalog import CATALOG, Instrument
from data_sources.market import Market
from data_sources.sample import sample_series
from data_sources.series import Series, make_series
from data_sources.snapshot import Snapshot
from sharing.view import available, inputs
from tests.unit.real_data import closes
from view_state import ViewState, parse, to_query

DOC = Path(__file__).parents[3] / "docs" / "claims.md"
SAMPLE = sample_series()
STUDY = {"kind": "event-study", "small_cap": "RUT", "coin": "BTC", "horizon": 30}
LN2 = np.log(2)


def instrument(instrument_id: str) -> Instrument:
    return next(one for one in CATALOG if one.id == instrument_id)


def series_of(instrument_id: str, close: pd.Series) -> Series:
    return make_series(
        instrument(instrument_id), close.to_frame("close"), source="here",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        # Prices that stand still and then jump: here the jumps are meant.
        accepted=frozenset(pd.DatetimeIndex(close.index).date),
    )  # fmt: skip


SESSIONS = pd.bdate_range("2000-01-03", periods=2600)
DAYS = pd.date_range(SESSIONS[0], SESSIONS[-1])


def small_cap(*events: int) -> Series:
    """Falls a little every session but for a new high on each of these."""
    close = 100 - 0.001 * np.arange(len(SESSIONS))
    for count, session in enumerate(events, 1):
        close[session:] = 100 + count - 0.001 * np.arange(len(SESSIONS) - session)
    return series_of("RUT", pd.Series(close, SESSIONS))


def coin(steps: dict[pd.Timestamp, float], instrument_id: str = "BTC") -> Series:
    """10 from the first day on; from each of these days on times a factor."""
    close = pd.Series(10.0, DAYS)
    for day, factor in steps.items():
        close[day:] *= factor
    return series_of(instrument_id, close)


def after(session: int, days: int = 10) -> pd.Timestamp:
    """So many days after the entry that follows a breakout on that session."""
    return SESSIONS[session] + pd.Timedelta(days=1 + days)


def claim_test(**parameters: object):
    return TypeAdapter(ClaimTest).validate_python(parameters)


def found(prices: Sequence[Series], **parameters: object) -> Outcome:
    return claim_test(**parameters).found({one.id: one for one in prices})


SIX = (300, 640, 980, 1400, 1800, 2200)


# --- event study


def test_an_event_study_by_hand() -> None:
    """One doubling, one halving: on 30 of all days each is still to come."""
    prices = small_cap(300, 700), coin({after(300): 2.0, after(700): 0.5})
    outcome = found(prices, **STUDY)
    (measure,) = outcome.measures
    assert (measure.n, measure.effect) == (2, pytest.approx(0))
    assert measure.about == f"Rose 1 of 2 times; after any day {100 * 30 / (len(DAYS) - 30):.0f}%."
    assert (outcome.mark, outcome.verdict) == ("unclear", "cannot be told from chance")
    events = [SESSIONS[300], SESSIONS[700]]
    assert outcome.data == (
        f"RUT and BTC, 3 Jan 2000 to {DAYS[-1].day} {DAYS[-1]:%b %Y}; breakouts of "
        + ", ".join(f"{one.day} {one:%b %Y}" for one in events)
    )
    each = found(prices, **STUDY, each_time=True)
    assert (each.mark, each.verdict) == ("failed", "held 1 of 2 times, not each time")
    assert outcome.p == measure.p
    assert np.isnan(each.p)  # one that fell is enough


@pytest.mark.parametrize(
    ("factor", "mark", "verdict", "each"),
    [
        (2.0, "held", "held", ("held", "held 6 of 6 times")),
        (
            0.5,
            "failed",
            "did not hold: less than any day",
            ("failed", "held 0 of 6 times, not each time"),
        ),
    ],
)
def test_what_always_follows_and_seldom_otherwise_is_told_from_chance(
    factor, mark, verdict, each
) -> None:
    prices = small_cap(*SIX), coin({after(one): factor for one in SIX})
    outcome = found(prices, **STUDY)
    (measure,) = outcome.measures
    assert (outcome.mark, outcome.verdict) == (mark, verdict)
    # Of any 30 days, 180 in all hold one of the six steps.
    any_day = 6 * 30 / (len(DAYS) - 30) * np.log(factor)
    assert measure.effect == pytest.approx(np.expm1(np.log(factor) - any_day))
    assert measure.p < 0.01
    assert min(measure.low, measure.high) < measure.effect < max(measure.low, measure.high)
    counted = found(prices, **STUDY, each_time=True)
    assert (counted.mark, counted.verdict) == each


def test_rising_each_time_says_nothing_where_it_always_rises() -> None:
    rising = series_of("BTC", pd.Series(np.exp(0.001 * np.arange(len(DAYS))), DAYS))
    outcome = found((small_cap(*SIX[:3]), rising), **STUDY, each_time=True)
    assert outcome.mark == "unclear"
    assert outcome.verdict == "held 3 of 3 times, cannot be told from chance"
    assert outcome.measures[0].effect == pytest.approx(0)
    assert outcome.measures[0].about == (
        "Rose 3 of 3 times; after any day 100%. So many rises by chance: p = 1.00."
    )


def test_rises_are_judged_by_their_own_p() -> None:
    """Small rises where it seldom rises, but doublings elsewhere: their mean is that of any day."""
    steps = pd.Series(-0.001, DAYS)
    steps[[after(session) for session in SIX]] += 0.05
    steps[SESSIONS[450:2500:170]] += LN2
    prices = small_cap(*SIX), series_of("BTC", 10 * np.exp(steps.cumsum()))
    assert found(prices, **STUDY).mark == "unclear"
    outcome = found(prices, **STUDY, each_time=True)
    assert (outcome.mark, outcome.verdict) == ("held", "held 6 of 6 times")
    assert outcome.p < 0.001
    assert outcome.measures[0].about.endswith(" So many rises by chance: p < 0.001.")
    assert outcome.measures[0].p > 0.05


def test_one_breakout_has_neither_interval_nor_p() -> None:
    outcome = found((small_cap(300), coin({after(300): 2.0})), **STUDY)
    assert outcome.mark == "unclear"
    assert outcome.measures[0].words() == ("+99%", "N = 1")
    each = found((small_cap(300), coin({after(300): 2.0})), **STUDY, each_time=True)
    assert (each.mark, each.verdict) == ("unclear", "held 1 of 1 time, cannot be told from chance")


def test_only_the_dates_of_a_claim_count() -> None:
    prices = small_cap(*SIX), coin({after(one): 2.0 for one in SIX})
    start, end = SESSIONS[500].date(), SESSIONS[1500].date()
    outcome = found(prices, **STUDY, start=start, end=end)
    days = 1 + (end - start).days
    (measure,) = outcome.measures
    assert measure.n == 3
    assert measure.effect == pytest.approx(np.expm1(LN2 - 3 * 30 / (days - 30) * LN2))
    assert outcome.view is not None
    assert outcome.view.span == (start, end)


def test_a_claim_about_three_breakouts_needs_three() -> None:
    prices = small_cap(*SIX), coin({})
    with pytest.raises(NotTestableError, match="speaks of 3 breakouts, and the data have 6"):
        found(prices, **STUDY, breakouts=3)
    assert found(prices, **STUDY, breakouts=6).measures[0].n == 6


@pytest.mark.parametrize(
    ("prices", "missing"),
    [
        ((), "needs prices of RUT and BTC, which are not here"),
        ((small_cap(300),), "needs prices of BTC, which are not here"),
        (
            (small_cap(), coin({})),
            "needs a breakout of RUT that BTC has been followed from for 30 days",
        ),
        (
            (small_cap(2595), coin({})),
            "needs a breakout of RUT that BTC has been followed from for 30 days",
        ),
        (
            (
                series_of("RUT", pd.Series(1.0, pd.bdate_range("2020-01-01", periods=9))),
                coin({}),
            ),
            "needs prices of RUT and BTC on the same days",
        ),
    ],
)
def test_missing_data_are_named(prices: Sequence[Series], missing: str) -> None:
    with pytest.raises(NotTestableError) as error:
        found(prices, **STUDY)
    assert str(error.value) == missing


# --- single event

LONG = pd.bdate_range("1990-01-01", "2016-12-31")
SINGLE = {
    "kind": "single-event", "small_cap": "RUT", "coin": "BTC",
    "start": date(2010, 1, 1), "end": date(2010, 12, 31),
}  # fmt: skip


def single(peak: float, last: str = "2016-12-31") -> tuple[Series, Series]:
    """A breakout on 15 Jun 2010 and a coin that is `peak` times itself on 1 Jan 2011."""
    sessions, days = LONG[last >= LONG], pd.date_range(LONG[0], last)
    rut = pd.Series(100 - 0.001 * np.arange(len(sessions)), sessions)
    rut["2010-06-15":] += 50
    btc = pd.Series(10.0, days)
    btc["2011-01-01"] *= peak
    return series_of("RUT", rut), series_of("BTC", btc)


def test_a_single_event_by_hand() -> None:
    outcome = found(single(4.8), **SINGLE, claimed=380)
    (measure,) = outcome.measures
    days = pd.date_range(LONG[0], "2016-12-31")
    share = 365 / (len(days) - 365)  # the days within a year before the peak
    assert (measure.n, measure.effect) == (1, pytest.approx(3.8))
    assert measure.p == pytest.approx(share)
    assert np.isnan([measure.low, measure.high]).all()
    assert measure.about == (
        f"Highest on 1 Jan 2011. p is the share of {len(days) - 365:,} days that were followed by "
        f"as much; {100 * share:.0f}% were by +380%. One event has no interval."
    )
    assert (outcome.mark, outcome.verdict, outcome.p) == ("held", "held", measure.p)
    assert outcome.data.endswith("; breakout of 15 Jun 2010")
    assert outcome.view == ViewState(horizon=365, events=(date(2010, 6, 15),))


def test_a_rise_that_was_not_reached_did_not_hold() -> None:
    outcome = found(single(4.8), **SINGLE, claimed=400)
    assert (outcome.mark, outcome.verdict) == ("failed", "did not hold: at most +380%")
    assert np.isnan(outcome.p)


def test_a_rise_is_compared_with_days_that_could_have_been_an_entry() -> None:
    """The last of them a week after the small cap's last close, though the coin goes on."""
    rut, btc = single(4.8)
    ended = series_of("RUT", rut.close[:"2014-06-30"])
    days = len(pd.date_range(LONG[0], "2014-07-07"))
    (measure,) = found((ended, btc), **SINGLE, claimed=380).measures
    assert measure.p == pytest.approx(365 / days)
    assert f"p is the share of {days:,} days " in measure.about


def test_a_rise_that_many_days_saw_is_not_told_from_chance() -> None:
    prices = single(4.8)
    short = [
        series_of(one.id, one.close["2009":"2013"])  # 365 days of about 1,460 are a quarter
        for one in prices
    ]
    outcome = found(short, **SINGLE, claimed=380)
    assert outcome.mark == "unclear"
    assert outcome.verdict == "reached, but cannot be told from chance"


def test_a_year_that_is_not_over_is_no_failure() -> None:
    outcome = found(single(1.5, last="2011-03-01"), **SINGLE, claimed=380)
    assert (outcome.mark, outcome.verdict) == ("pending", "not over yet: +50% so far")
    assert np.isnan(outcome.p)


def test_a_single_event_needs_one_in_its_dates() -> None:
    with pytest.raises(NotTestableError, match="needs a breakout of RUT that BTC can follow from"):
        found(single(2), **SINGLE | {"start": date(2011, 1, 1), "end": date(2012, 1, 1)}, claimed=1)


def test_a_single_event_needs_days_to_compare_with() -> None:
    young = [series_of(one.id, one.close["2010-05":"2011-03"]) for one in single(2)]
    with pytest.raises(NotTestableError, match="needs 365 days of prices of BTC"):
        found(young, **SINGLE, base=20, claimed=1)


# --- correlation

CORRELATION = {"kind": "correlation", "small_cap": "RUT", "coin": "BTC"}


def walks(seed: int, shared: float, drift: float) -> tuple[Series, Series]:
    rng = np.random.default_rng(seed)
    common, own = rng.normal(0, 0.01, (2, 600))
    index = pd.bdate_range("2021-01-01", periods=600)
    both = (common + drift, shared * common + np.sqrt(1 - shared**2) * own + drift)
    return tuple(
        series_of(i, pd.Series(100 * np.exp(np.cumsum(steps)), index))
        for i, steps in zip(("RUT", "BTC"), both, strict=True)
    )


def test_levels_that_trend_correlate_and_returns_do_not() -> None:
    prices = walks(3, shared=0.3, drift=0.003)
    outcome = found(prices, **CORRELATION, claimed=0.9)
    of_returns, of_levels = outcome.measures
    frame = pd.concat([one.close for one in prices], axis=1)
    assert of_returns.effect == pytest.approx(np.log(frame).diff().corr().iloc[0, 1])
    assert of_levels.effect == pytest.approx(frame.corr().iloc[0, 1])
    assert (of_returns.n, of_levels.n) == (599, 600)
    assert of_returns.low < of_returns.effect < of_returns.high < 0.5
    assert of_levels.effect > 0.9
    assert outcome.mark == "failed"
    assert outcome.verdict == f"did not hold: {of_returns.effect:.2f} in returns"
    assert of_returns.about == "0.90 is outside the interval: p against it is below 0.05."
    assert np.isnan([of_levels.low, of_levels.high, of_levels.p]).all()


def test_a_correlation_in_the_interval_held() -> None:
    outcome = found(walks(3, shared=0.7, drift=0), **CORRELATION, claimed=0.72)
    assert (outcome.mark, outcome.verdict) == ("held", "held")
    assert outcome.measures[0].about == "0.72 is inside the interval: p against it is above 0.05."


def test_a_correlation_needs_shared_sessions() -> None:
    prices = walks(3, shared=0.7, drift=0)
    with pytest.raises(NotTestableError, match="needs 60 shared sessions from 1 Mar 2023"):
        found(prices, **CORRELATION, claimed=0.72, start=date(2023, 3, 1))


def test_a_correlation_needs_prices_over_its_dates() -> None:
    rut, btc = walks(3, shared=0.7, drift=0)  # 1 Jan 2021 to 20 Apr 2023
    test = CORRELATION | {"claimed": 0.72}
    assert found((rut, btc), **test, start=date(2020, 12, 3), end=date(2023, 5, 18)).mark == "held"
    with pytest.raises(
        NotTestableError,
        match="needs prices of both from 1 Dec 2020, which begin on 1 Jan 2021",
    ):
        found((rut, btc), **test, start=date(2020, 12, 1))
    with pytest.raises(
        NotTestableError, match="needs prices of both to 31 May 2023, which end on 20 Apr 2023"
    ):
        found((rut, btc), **test, end=date(2023, 5, 31))


def test_prices_that_do_not_move_have_no_correlation() -> None:
    rut, _ = walks(3, shared=0.7, drift=0)
    still = series_of("BTC", pd.Series(5.0, rut.close.index))
    words = "^needs prices that move, and those of RUT or BTC hardly do from 4 Jan 2021$"
    with pytest.raises(NotTestableError, match=words):
        found((rut, still), **CORRELATION, claimed=0.72, start=date(2021, 1, 4))


# --- several coins


def test_several_coins_are_counted_in_the_years_that_are_named() -> None:
    """Breakouts in 2001, 2002 and 2004, the second followed into 2003."""
    events = [SESSIONS.searchsorted(pd.Timestamp(day)) for day in
              ("2001-06-01", "2002-12-16", "2004-06-01")]  # fmt: skip
    rising = {after(event): 2.0 for event in events}
    prices = (
        small_cap(*events),
        coin(rising, "ETH"),
        coin({**rising, after(events[1]): 0.5, after(events[2]): 0.5}, "XRP"),
    )
    several = {
        "kind": "several-coins", "small_cap": "RUT", "coins": ["ETH", "ALTS", "XRP"], "horizon": 30,
    }  # fmt: skip
    outcome = found(prices, **several, years=[2001, 2003])
    eth, xrp = outcome.measures
    assert (eth.label, eth.n, xrp.label, xrp.n) == ("ETH", 3, "XRP", 3)
    assert eth.about.startswith("Rose 3 of 3 times")
    assert eth.effect == pytest.approx(np.expm1(LN2 - 3 * 30 / (len(DAYS) - 30) * LN2))
    assert outcome.mark == "held"  # by ETH
    assert outcome.verdict == "held (rose 3 of 4 times; in other years 1 of 2)"
    assert outcome.p == pytest.approx(2 * eth.p)
    assert eth.about.endswith(f" Adjusted for 2 coins: p = {2 * eth.p:.3f}.")
    assert xrp.about.endswith(f" Adjusted for 2 coins: p = {min(1, 2 * xrp.p):.2f}.")
    last = f"{DAYS[-1].day} {DAYS[-1]:%b %Y}"
    assert outcome.data == (
        f"RUT and ETH, XRP, 3 Jan 2000 to {last}; breakouts of 1 Jun 2001, 16 Dec 2002, 1 Jun 2004"
    )
    assert outcome.view is not None
    assert outcome.view.coins == ("ETH", "XRP")

    told_by_none = found((prices[0], prices[2]), **several, years=[2001, 2003])
    assert told_by_none.mark == "unclear"
    assert told_by_none.verdict == (
        "cannot be told from chance (rose 1 of 2 times; in other years 0 of 1)"
    )
    elsewhere = found(prices, **several, years=[1999, 2001, 2005])
    assert elsewhere.data.endswith(", 1 Jun 2004; none followed into 1999 or 2005")
    late = series_of("ALTS", pd.Series(1.0, pd.date_range(DAYS[-1], periods=9)))
    assert found((*prices, late), **several, years=[2001, 2003]) == outcome
    with pytest.raises(NotTestableError, match="that one of ETH, ALTS, XRP has been followed"):
        found(prices, **several, years=[2009])


def coins_after(*factors: float, events: Sequence[int] = SIX) -> Outcome:
    """A coin a factor, which follows each breakout."""
    ids = ["ETH", "XRP", "ADA"][: len(factors)]
    coins = [
        coin({after(one): factor for one in events}, i)
        for i, factor in zip(ids, factors, strict=True)
    ]
    return found(
        (small_cap(*events), *coins), kind="several-coins", small_cap="RUT", coins=ids, horizon=30,
        years=range(2000, 2010),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("factors", "mark", "verdict"),
    [
        ((2.0, 1.0), "held", "held (rose 6 of 12 times)"),
        ((0.5, 1.0), "failed", "did not hold: less than any day (rose 0 of 12 times)"),
        (
            (2.0, 0.5),
            "failed",
            "did not hold: ETH more than any day, XRP less (rose 6 of 12 times)",
        ),
        ((1.0, 1.0), "unclear", "cannot be told from chance (rose 0 of 12 times)"),
    ],
)
def test_coins_hold_where_some_do_better_and_none_worse(factors, mark, verdict) -> None:
    outcome = coins_after(*factors)
    assert (outcome.mark, outcome.verdict) == (mark, verdict)
    assert (outcome.p > 0.05) is (mark == "unclear")


def test_of_more_coins_each_must_show_more() -> None:
    alone = coins_after(2.0, events=SIX[:2])
    assert 0.05 / 3 < alone.p < 0.05 / 2
    assert "Adjusted" not in alone.measures[0].about
    two, three = (coins_after(2.0, *others, events=SIX[:2]) for others in ([1.0], [1.0, 1.0]))
    assert (alone.mark, two.mark, three.mark) == ("held", "held", "unclear")
    assert three.p == pytest.approx(3 * alone.p)


# --- timing


@pytest.mark.parametrize("dates", [{}, {"start": date(2018, 1, 1), "end": date(2022, 12, 31)}])
def test_timing_compares_breakouts_with_days_of_high_correlation(dates) -> None:
    test = claim_test(kind="timing", small_cap="RUT", coin="BTC", window=60, horizon=30, **dates)
    outcome = test.found(SAMPLE)
    after_breakouts, at_high = outcome.measures
    study = found((SAMPLE["RUT"], SAMPLE["BTC"]), **STUDY, **dates).measures[0]
    assert after_breakouts.words() == study.words()

    rut, btc = SAMPLE["RUT"].close, SAMPLE["BTC"].close
    returns = np.log(pd.concat([rut, btc], axis=1, join="inner")).diff().dropna()
    rolling = returns["RUT"].rolling(60).corr(returns["BTC"]).dropna()
    shown = slice(*map(pd.Timestamp, dates.values())) if dates else slice(None)
    rolling = rolling[shown]  # the third is that of the dates
    high = rolling.index[rolling >= rolling.quantile(2 / 3)]
    daily = np.log(btc[shown].asfreq("D"))
    any_day = (daily.shift(-30) - daily).dropna()
    entries = high + pd.Timedelta(days=1)
    of_high = any_day[any_day.index.isin(entries)]
    assert at_high.n == len(of_high)
    assert at_high.effect == pytest.approx(np.expm1(of_high.mean() - any_day.mean()), abs=1e-6)
    assert "They overlap, and tell as much as " in at_high.about


def noisy(steps: dict[pd.Timestamp, float]) -> Series:
    """As :func:`coin`, with some noise, so that it has a correlation."""
    noise = np.random.default_rng(5).normal(0, 1e-4, len(DAYS))
    return series_of("BTC", coin(steps).close * np.exp(noise))


@pytest.mark.parametrize(
    ("breakouts", "high", "expected"),
    [
        ((0.5, 0.01), (0.2, 0.50), ("held", "held: more than any day after breakouts", 0.01)),
        ((0.5, 0.01), (0.2, 0.02), ("held", "held: more than any day after breakouts", 0.01)),
        ((-0.5, 0.01), (0.2, 0.02), ("held", "held: less than any day after breakouts", 0.01)),
        ((0.2, 0.01), (-0.5, 0.02), ("failed", "did not hold: correlation says more", 0.02)),
        ((0.2, 0.50), (0.5, 0.02), ("failed", "did not hold: correlation says more", 0.02)),
        ((0.5, 0.50), (0.2, 0.02), ("unclear", "cannot be told from chance", 0.50)),
        ((0.2, 0.01), (0.5, 0.50), ("unclear", "cannot be told from chance", 0.50)),
    ],
)
def test_the_larger_difference_says_more_where_it_is_told(breakouts, high, expected) -> None:
    def tested(difference: float, p: float) -> Odds:
        return replace(some, mean_difference=difference, p=PValues(p, np.nan, np.nan))

    some = odds(SAMPLE["BTC"].close[:"2016"], pd.DatetimeIndex([]), 30)
    assert claim_tests._says_more(tested(*breakouts), tested(*high)) == expected


def test_timing_held_where_breakouts_alone_tell() -> None:
    prices = small_cap(*SIX), noisy({after(one): 2.0 for one in SIX})
    test = {"kind": "timing", "small_cap": "RUT", "coin": "BTC", "horizon": 30}
    outcome = found(prices, **test)
    assert (outcome.mark, outcome.verdict) == ("held", "held: more than any day after breakouts")
    assert outcome.p == outcome.measures[0].p
    halved = found((prices[0], noisy({after(one): 0.5 for one in SIX})), **test)
    assert (halved.mark, halved.verdict) == ("held", "held: less than any day after breakouts")
    quiet = found((prices[0], noisy({})), **test)
    assert (quiet.mark, quiet.verdict) == ("unclear", "cannot be told from chance")
    young = [
        series_of(one.id, one.close[SESSIONS[200] : SESSIONS[340]])
        for one in (prices[0], noisy({}))
    ]
    with pytest.raises(NotTestableError, match="needs 150 shared sessions"):
        found(young, **test, base=60)
    with pytest.raises(NotTestableError, match="needs prices that move, and those of RUT or BTC"):
        found((prices[0], coin({})), **test)


# --- external


@pytest.mark.parametrize(
    ("data", "year", "missing"),
    [
        ("company-facts", 2007, "needs data before 2009"),
        ("company-facts", 2010,
         "needs the profits companies report to the SEC, as XBRL, which are not here yet"),
        ("etf-shares", 2025,
         "needs the daily shares outstanding of the ETFs, which are not here yet"),
    ],
)  # fmt: skip
def test_what_prices_cannot_tell_says_what_it_needs(data, year, missing) -> None:
    with pytest.raises(NotTestableError) as error:
        found((), kind="external", data=data, first_year=year)
    assert str(error.value) == missing


# --- the file

CLAIM = """
[[claims]]
id = "{id}"
words = "It rises."
who = "One"
where = "Here"
{more}
[claims.test]
kind = "event-study"
small_cap = "RUT"
coin = "BTC"
"""


TEST = "claims.toml: claim a: test: event-study: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CLAIM.format(id="a", more='urll = "https://x"'),
            "claims.toml: claim a: urll: Extra inputs are not permitted",
        ),
        (
            CLAIM.format(id="a", more="") + "horizont = 30\n",
            f"{TEST}horizont: Extra inputs are not permitted",
        ),
        (
            CLAIM.format(id="a", more="") + "horizon = 10\n",
            f"{TEST}horizon: Input should be 30, 60, 90, 180 or 365",
        ),
        (
            CLAIM.format(id="a", more="") + "start = 2020-01-01\nend = 2020-01-01\n",
            f"{TEST}Value error, start must be before end",
        ),
        (
            CLAIM.format(id="a", more="") + CLAIM.format(id="a", more=""),
            "claims.toml: Value error, two claims have the id a",
        ),
        ("claims = 3", "claims.toml: claims: Input should be a valid tuple"),
        ("claims = []", "claims.toml: Value error, there is no claim"),
        ("", "claims.toml: claims: Field required"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match="toml") as error:
        read_claims(path)
    assert str(error.value) == message


def test_an_unknown_kind_and_broken_toml_are_named(tmp_path: Path) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM.format(id="a", more="").replace("event-study", "guess"))
    with pytest.raises(ValueError, match="claim a: test: Input tag 'guess' found using 'kind'"):
        read_claims(path)
    path.write_text("claims = [")
    with pytest.raises(ValueError, match=r"^claims\.toml: Invalid value"):
        read_claims(path)


def test_the_claims_of_the_issue_stand_in_its_order() -> None:
    assert [one.id for one in CLAIMS] == [
        "breakouts-lead", "breakout-of-2020", "three-highs", "correlation", "altcoins", "timing",
        "unprofitable-members", "etf-outflows",
    ]  # fmt: skip


def test_a_definition_follows_from_the_parameters() -> None:
    words = claim_test(**STUDY).definition()
    assert words == (
        "Breakouts: the first all-time high of RUT after 126 or more sessions without one, "
        "cool-down 60. BTC from the next close for 30 days, against any day (mean log return). "
        "Held if it did better, with p of at most 0.05."
    )
    changes = {
        "small_cap": "IWM", "coin": "ETH", "horizon": 90, "base": 63, "cooldown": 20, "high": 252,
        "start": date(2016, 1, 1), "end": date(2025, 8, 31), "each_time": True,
    }  # fmt: skip
    written = {claim_test(**STUDY | {key: value}).definition() for key, value in changes.items()}
    assert len(written | {words}) == 1 + len(changes)


# --- the documents


def test_every_parameter_is_documented() -> None:
    text = DOC.read_text(encoding="utf-8")
    shared = {"small_cap", "high", "base", "cooldown", "start", "end", "horizon"}
    kinds = re.split(
        r"^### `([a-z-]+)`$", text.partition("## Specification curve")[0], flags=re.MULTILINE
    )
    described = dict(zip(kinds[1::2], kinds[2::2], strict=True))
    models = get_args(get_args(ClaimTest)[0])
    assert set(described) == {get_args(m.model_fields["kind"].annotation)[0] for m in models}
    assert shared == set(re.findall(r"`(\w+)`", " ".join(
        line.split("|")[1] for line in kinds[0].splitlines() if line.startswith("| `"))
    )) - {"id", "words", "reading", "who", "where", "url", "test"}  # fmt: skip
    for model in models:
        (kind,) = get_args(model.model_fields["kind"].annotation)
        rows = [line.split("|")[1] for line in described[kind].splitlines() if "| `" in line]
        own = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert own == set(model.model_fields) - shared - {"kind"}, kind


def test_the_example_is_a_claim(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "claims.toml"
    path.write_text(text)
    (claim,) = read_claims(path)
    assert claim.test.found(SAMPLE).mark in claims.MARKS


# --- the card


def outcomes(series: dict[str, Series]) -> dict[str, Outcome]:
    ledger = CHART.prepare(series, ViewState())
    return {claim.id: outcome for claim, outcome in ledger.outcomes}


def test_a_link_opens_the_same_numbers() -> None:
    """The page is given the query alone, and the series that are its own, whatever else is here."""

    def shown_by(chart: str):
        return CHARTS[chart].prepare(inputs(CHARTS[chart], state, market), state)

    at_new_york = series_of("BTC", SAMPLE["BTC"].close.shift(3).dropna())
    snapshot = Snapshot(SAMPLE, (), is_sample=True, label="", new_york={"BTC": at_new_york})
    market = Market(lambda: snapshot)
    of = outcomes(inputs(CHART, ViewState(), market))
    for claim in CLAIMS:
        outcome = of[claim.id]
        if outcome.view is None:
            assert outcome.mark == "untestable"
            continue
        query = to_query(outcome.view)
        state, notices = parse(query, available(market))
        assert (state, notices) == (outcome.view, ())
        measure = outcome.measures[0]
        if outcome.path == "/":
            shown = shown_by("rolling-correlation")
            assert (measure.effect, measure.n) == (pytest.approx(shown.overall), shown.overall_n)
            continue
        assert outcome.path == "/evidence"
        if claim.id == "breakout-of-2020":
            rows = shown_by("breakouts").rows
            assert measure.effect == rows.loc[pd.Timestamp(state.events[0]), "run_up"]
            continue
        one = shown_by("event-odds").odds[state.horizon]
        shown = (one.mean_difference, *one.interval, one.p.two_sided, len(one.after_event))
        here = (*np.log1p([measure.effect, measure.low, measure.high]), measure.p, measure.n)
        assert here == pytest.approx(shown)


def test_the_finding_counts_the_marks() -> None:
    frame = CHART.prepare(SAMPLE, ViewState())
    marks = [outcome.mark for _, outcome in frame.outcomes]
    assert CHART.finding(frame, ViewState()) == (
        "On simulated prices: 6 of 8 claims can be tested with the data here: "
        f"{marks.count('held')} held, {marks.count('failed')} did not, and "
        f"{marks.count('unclear')} cannot be told from chance."
    )


def test_what_is_not_over_yet_is_counted_apart() -> None:
    def said(*marks: Mark) -> str:
        ledger = Ledger(tuple((CLAIMS[0], Outcome(one, "")) for one in marks), is_sample=False)
        return CHART.finding(ledger, ViewState())

    assert said("held", "unclear", "pending", "untestable") == (
        "2 of 4 claims can be tested with the data here: 1 held, 0 did not, and 1 cannot be told "
        "from chance; 1 is not over yet."
    )
    assert said("pending", "pending") == (
        "None of the 2 claims can be tested with the data here; 2 are not over yet."
    )


def test_without_prices_every_claim_says_what_it_needs() -> None:
    drawn = render(CHART, {}, ViewState())
    assert drawn.status == "ready"
    assert drawn.finding == "None of the 8 claims can be tested with the data here."
    for outcome in outcomes({}).values():
        assert outcome.mark == "untestable"
        assert re.match(r"not testable: (needs|speaks of) ", outcome.verdict)


def test_young_prices_leave_words_not_failures() -> None:
    young = {i: series_of(i, SAMPLE[i].close["2025-01-01":]) for i in ("RUT", "BTC")}
    marks = {claim: outcome.mark for claim, outcome in outcomes(young).items()}
    assert marks["breakout-of-2020"] == marks["three-highs"] == "untestable"


def test_the_view_changes_nothing_but_the_theme_of_the_links() -> None:
    states = ViewState(), ViewState(coins=("SOL",), span=(date(2020, 1, 1), None), horizon=30)
    first, second = (str(render(CHART, SAMPLE, state).details) for state in states)
    assert first == second
    dark = str(render(CHART, SAMPLE, ViewState(theme="dark")).details)
    assert dark.replace("&theme=dark", "") == first
    assert dark.count("theme=dark") == first.count("'Reproduce'") == 6


def test_a_row_has_a_form_a_verdict_and_a_way_to_reproduce_it() -> None:
    (ledger,) = render(CHART, SAMPLE, ViewState()).details
    rows = ledger.children[1].children
    assert [row.id for row in rows] == [f"claim-{one.id}" for one in CLAIMS]
    for row, (claim, outcome) in zip(
        rows, CHART.prepare(SAMPLE, ViewState()).outcomes, strict=True
    ):
        text = str(row)
        for words in (
            claim.words,
            claim.who,
            claim.where,
            claim.test.definition(),
            outcome.verdict,
        ):
            assert repr(words)[1:-1] in text
        assert f"Span(children='{claims.MARKS[outcome.mark][0]}', className='mark'" in text
        assert (f"aria-label='Reproduce: {claim.words}'" in text) is (outcome.view is not None)
    assert len(set(claims.MARKS.values())) == len(claims.MARKS)


def test_the_table_holds_the_numbers() -> None:
    frame = CHART.prepare(SAMPLE, ViewState())
    table = CHART.table(frame)
    measures = [one for _, outcome in frame.outcomes for one in outcome.measures]
    numbers = table.loc[table["of"] != "", ["n", "effect", "low", "high", "p"]]
    expected = [[one.n, one.effect, one.low, one.high, one.p] for one in measures]
    np.testing.assert_array_equal(numbers.to_numpy(float), np.array(expected, float))
    assert list(dict.fromkeys(table.index)) == [one.words for one in CLAIMS]
    assert [one.kind for one in measures] == list(table.loc[table["of"] != "", "kind"])
    assert list(table["kind"].unique()) == ["growth against any day", "rise", "correlation", ""]
    for claim, outcome in frame.outcomes:
        rows = table.loc[[claim.words]]
        assert set(rows["mark"]) == {claims.MARKS[outcome.mark][1]}
        np.testing.assert_array_equal(rows["p_of_verdict"], outcome.p)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (Measure("", 1300, 0.5, "rise", -0.25, 2.0, 0.0002),
         ("+50%", "95% −25% to +200%", "p < 0.001", "N = 1,300")),
        (Measure("", 4, -0.004, "rise", p=0.0476), ("0%", "p = 0.048", "N = 4")),
        (Measure("", 90, -0.004, "correlation", -0.2, 0.2, 0.5),
         ("0.00", "95% −0.20 to 0.20", "p = 0.50", "N = 90")),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_are_meant(measure: Measure, words: tuple[str, ...]) -> None:
    assert measure.words() == words


# --- the real prices


def test_verdicts_on_the_real_prices() -> None:
    """They follow from the known answers of SOURCES.md."""
    files = {"RUT": "RUT", "BTC": "BTC-USD", "ETH": "ETH-USD"}
    of = outcomes({i: series_of(i, closes(stem)) for i, stem in files.items()})
    said = {i: (one.mark, one.verdict) for i, one in of.items()}
    assert said == {
        "breakouts-lead": ("unclear", "cannot be told from chance"),
        "breakout-of-2020": ("failed", "did not hold: at most +321%"),
        "three-highs": ("failed", "held 2 of 3 times, not each time"),
        "correlation": ("failed", "did not hold: 0.39 in returns"),
        "altcoins": (
            "unclear", "cannot be told from chance (rose 1 of 2 times; in other years 0 of 1)",
        ),
        "timing": ("unclear", "cannot be told from chance"),
        "unprofitable-members": ("untestable", "not testable: needs data before 2009"),
        "etf-outflows": (
            "untestable",
            "not testable: needs the daily shares outstanding of the ETFs, which are not here yet",
        ),
    }  # fmt: skip
    (lead,) = of["breakouts-lead"].measures
    assert (lead.n, lead.about) == (5, "Rose 2 of 5 times; after any day 64%.")
    assert of["breakouts-lead"].data.endswith(
        "breakouts of 26 Dec 2014, 14 Nov 2016, 13 Nov 2020, 2 Nov 2021, 18 Sep 2025"
    )
    assert of["three-highs"].data.endswith("breakouts of 14 Nov 2016, 13 Nov 2020, 2 Nov 2021")
    assert of["breakout-of-2020"].measures[0].about.startswith("Highest on 8 Nov 2021.")
    assert of["altcoins"].data == (
        "RUT and ETH, 9 Nov 2017 to 21 Aug 2026; breakouts of 13 Nov 2020, 2 Nov 2021, "
        "18 Sep 2025; none followed into 2017"
    )
    of_returns, of_levels = of["correlation"].measures
    assert (round(of_returns.effect, 2), round(of_levels.effect, 2)) == (0.39, 0.70)
