"""The tests a claim can name, each with its parameters: docs/claims.md.

A test says in words what it does, made from its parameters, and finds everything else in prices.
The effect of its first measure is that of the page it links to: the same functions and days.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from math import isnan
from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analytics.alignment import shared_closes
from analytics.bootstrap import correlation_interval
from analytics.event_odds import Odds, odds
from analytics.event_study import entry_dates, excursions
from components.charts.rolling_correlation import number, rolling
from components.claims.outcome import (
    LEVEL,
    UNTOLD,
    Mark,
    Measure,
    NotTestableError,
    Outcome,
    counted,
    joined,
)
from components.event_study import Study, signed, study
from components.plotting import EmptyChartError, day, p_value
from components.returns import returns, spaced
from data_sources.series import Series
from view_state import MOST_INSTRUMENTS, ViewState

_FEWEST_RETURNS = 60
_MONTH = pd.Timedelta(days=30)

Prices = Mapping[str, Series]


class _Test(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Dated(_Test):
    """A small cap and the days looked at."""

    small_cap: str
    start: date | None = None
    end: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise ValueError("start must be before end")
        return self

    @property
    def _dates(self) -> slice:
        edges = (pd.Timestamp(one) if one else None for one in (self.start, self.end))
        return slice(*edges)

    def _during(self) -> str:
        start = f" from {day(self.start)}" if self.start else ""
        return start + (f" to {day(self.end)}" if self.end else "")

    def _pair(self, prices: Prices, coin: str) -> tuple[Series, Series]:
        missing = [i for i in (self.small_cap, coin) if i not in prices]
        if missing:
            raise NotTestableError(f"needs prices of {' and '.join(missing)}, which are not here")
        for one in (prices[self.small_cap], prices[coin]):
            if one.spacing != "d":
                raise NotTestableError(f"needs daily closes, and {spaced(one)}")
        return prices[self.small_cap], prices[coin]

    def _still(self, coin: str) -> NotTestableError:
        return NotTestableError(
            f"needs prices that move, and those of {self.small_cap} or {coin} hardly "
            f"do{self._during()}"
        )


class _Breakouts(_Dated):
    """The breakout rule, and for how many days a coin is followed."""

    base: int = Field(126, ge=5, le=1260)
    cooldown: int = Field(60, ge=0, le=504)
    high: Literal["all"] | Annotated[int, Field(ge=20, le=2520)] = "all"
    horizon: Literal[30, 60, 90, 180, 365] = 180

    def _rule(self) -> str:
        high = "all-time high" if self.high == "all" else f"{self.high}-session high"
        return (
            f"Breakouts{self._during()}: the first {high} of {self.small_cap} after {self.base} or "
            f"more sessions without one, cool-down {self.cooldown}."
        )

    def _view(self, *coins: str) -> ViewState:
        return ViewState(
            small_caps=(self.small_cap,),
            coins=coins,
            span=(self.start, self.end),
            base=self.base,
            cooldown=self.cooldown,
            high=None if self.high == "all" else self.high,
            horizon=self.horizon,
        )

    def _study(self, prices: Prices, coin: str) -> Study:
        """The breakouts and what they are compared with, as the evidence page has them."""
        pair = self._pair(prices, coin)
        try:
            return study({one.id: one for one in pair}, self._view(coin))
        except EmptyChartError:
            raise NotTestableError(
                f"needs prices of {self.small_cap} and {coin} on the same days{self._during()}"
            ) from None

    def _odds(self, seen: Study) -> Odds:
        return odds(seen.era, seen.entries, self.horizon, until=seen.until)

    def _untold(self, coin: str) -> NotTestableError:
        return NotTestableError(
            f"needs a breakout of {self.small_cap}{self._during()} that {coin} has "
            f"been followed from for {self.horizon} days"
        )


class _FollowedByOne(_Breakouts):
    """Breakouts followed in one coin."""

    coin: str

    @property
    def needed(self) -> tuple[str, ...]:
        """Ids of the instruments it uses."""
        return self.small_cap, self.coin


class EventStudy(_FollowedByOne):
    """What followed every breakout, against what followed any day."""

    kind: Literal["event-study"]
    each_time: bool = False
    breakouts: int | None = Field(None, ge=1)

    def definition(self) -> str:
        """What is tested and when it held, in words."""
        held = (
            "it rose each time, and p of so many rises is at most 0.05"
            if self.each_time
            else "it did better, with p of at most 0.05"
        )
        return (
            f"{self._rule()} {self.coin} from the next close for {self.horizon} days, against any "
            f"day (mean log return). Held if {held}."
        )

    def found(self, prices: Prices) -> Outcome:
        """Compare the returns."""
        seen = self._study(prices, self.coin)
        tested = self._odds(seen)
        n = len(tested.after_event)
        if not n:
            raise self._untold(self.coin)
        if self.breakouts not in (None, n):
            raise NotTestableError(f"speaks of {self.breakouts} breakouts, and the data have {n}")
        p, more = tested.p.two_sided, ""
        mark, verdict = _told(p, tested.mean_difference)
        if self.each_time:
            risen = int((tested.after_event > 0).sum())
            # One fall is enough, whatever its p.
            p = tested.p_hits if risen == n else np.nan
            mark = "failed" if risen < n else "held" if p <= LEVEL else "unclear"
            verdict = f"held {counted(risen, n)}"
            verdict += {"unclear": f", {UNTOLD}", "failed": ", not each time"}.get(mark, "")
            if n > 1:
                more = f" So many rises by chance: {p_value(tested.p_hits)}."
        return Outcome(
            mark=mark,
            verdict=verdict,
            p=p,
            data=_data(seen, tested),
            measures=(_growth(self.coin, tested, more),),
            path="/evidence",
            view=self._view(self.coin),
        )


class SingleEvent(_FollowedByOne):
    """The highest close after one breakout, against the rise that is claimed."""

    kind: Literal["single-event"]
    start: date
    end: date
    claimed: int = Field(gt=0)
    horizon: Literal[365] = 365  # what the table of breakouts looks at

    def _view(self, *coins: str) -> ViewState:
        """Of the whole history: the dates only say which breakout it is."""
        return replace(super()._view(*coins), span=(None, None))

    def definition(self) -> str:
        """What is tested and when it held, in words."""
        return (
            f"{self._rule()} {self.coin} from the close after the first of them to the highest "
            f"within {self.horizon} days. Held if that is {self.claimed:+}% or more, and at most "
            "5% of all days were followed by as much."
        )

    def found(self, prices: Prices) -> Outcome:
        """Look for the highest close."""
        seen = self._study(prices, self.coin)
        events = seen.events[self._dates]["entry"].dropna()
        if events.empty:
            raise NotTestableError(
                f"needs a breakout of {self.small_cap} that {self.coin} can follow{self._during()}"
            )
        event, entry = events.index[0], events.iloc[0]
        rise = excursions(seen.close, pd.DatetimeIndex([entry]), self.horizon).iloc[0]
        best, peak = float(rise["run_up"]), entry + pd.Timedelta(days=rise["days_to_peak"])
        days = pd.DatetimeIndex(seen.era[: seen.until].index)
        any_day = excursions(seen.close, days, self.horizon)
        any_day = any_day["run_up"][any_day["days_known"] == self.horizon].to_numpy()
        if not len(any_day):
            raise NotTestableError(f"needs {self.horizon} days of prices of {self.coin}")
        as_much, as_claimed = (float(np.mean(any_day >= x)) for x in (best, self.claimed / 100))
        p = np.nan
        mark: Mark = "pending"
        verdict = f"not over yet: {signed(best)} so far"
        if best >= self.claimed / 100:
            p = as_much
            mark = "held" if p <= LEVEL else "unclear"
            verdict = "held" if p <= LEVEL else f"reached, but {UNTOLD}"
        elif rise["days_known"] == self.horizon:
            mark, verdict = "failed", f"did not hold: at most {signed(best)}"
        about = (
            f"Highest on {day(peak)}. p is the share of {len(any_day):,} days that were followed "
            f"by as much; {100 * as_claimed:.0f}% were by {self.claimed:+}%. One event has no "
            "interval."
        )
        return Outcome(
            mark=mark,
            verdict=verdict,
            p=p,
            data=f"{_instruments(seen)}; breakout of {day(event)}",
            measures=(Measure(self.coin, 1, best, "rise", p=as_much, about=about),),
            path="/evidence",
            view=replace(self._view(self.coin), events=(event.date(),)),
        )


class Correlation(_Dated):
    """Correlation of daily returns against the one that is claimed, beside that of levels."""

    kind: Literal["correlation"]
    coin: str
    claimed: float = Field(ge=-1, le=1)

    @property
    def needed(self) -> tuple[str, ...]:
        """Ids of the instruments it uses."""
        return self.small_cap, self.coin

    def definition(self) -> str:
        """What is tested and when it held, in words."""
        return (
            f"Daily log returns of {self.small_cap} and {self.coin} on the sessions both "
            f"have{self._during()}. Held if the 95% interval of their correlation contains "
            f"{self.claimed:.2f}. Price levels for comparison."
        )

    def found(self, prices: Prices) -> Outcome:
        """Correlate returns, and levels."""
        small_cap, coin = self._pair(prices, self.coin)
        levels = shared_closes(small_cap.believed, coin.believed)[self._dates]
        pairs = returns(small_cap, coin, "d", 0)[self._dates]
        if len(pairs) < _FEWEST_RETURNS:
            raise NotTestableError(f"needs {_FEWEST_RETURNS} shared sessions{self._during()}")
        first, last = levels.index[[0, -1]]
        if self.start and first - pd.Timestamp(self.start) > _MONTH:
            raise NotTestableError(
                f"needs prices of both from {day(self.start)}, which begin on {day(first)}"
            )
        if self.end and pd.Timestamp(self.end) - last > _MONTH:
            raise NotTestableError(
                f"needs prices of both to {day(self.end)}, which end on {day(last)}"
            )
        x, y = pairs.to_numpy().T
        low, high = correlation_interval(x, y)
        if isnan(low):
            raise self._still(self.coin)
        r, of_levels = (float(np.corrcoef(*pair.to_numpy().T)[0, 1]) for pair in (pairs, levels))
        is_in = bool(low <= self.claimed <= high)
        about = (
            f"{self.claimed:.2f} is {'in' if is_in else 'out'}side the interval: "
            f"p against it is {'above' if is_in else 'below'} 0.05."
        )
        trend = "Two series that trend look related whether they are or not; no interval holds."
        return Outcome(
            mark="held" if is_in else "failed",
            verdict="held" if is_in else f"did not hold: {number(r)} in returns",
            data=f"{self.small_cap} and {self.coin}, {day(first)} to {day(last)}",
            measures=(
                Measure("Returns", len(x), r, "correlation", low, high, about=about),
                Measure("Price levels", len(levels), of_levels, "correlation", about=trend),
            ),
            path="/",
            view=ViewState(
                small_caps=(self.small_cap,),
                coins=(self.coin,),
                span=(self.start, self.end),
                align="utc",
            ),
        )


class SeveralCoins(_Breakouts):
    """What followed in several coins, counted in the years that are named."""

    kind: Literal["several-coins"]
    coins: tuple[str, ...] = Field(min_length=1, max_length=12)
    years: tuple[int, ...] = Field(min_length=1)

    @property
    def needed(self) -> tuple[str, ...]:
        """Ids of the instruments it uses."""
        return (self.small_cap, *self.coins)

    def definition(self) -> str:
        """What is tested and when it held, in words."""
        years = " or ".join(map(str, self.years))
        return (
            f"{self._rule()} Each of {', '.join(self.coins)} that is here from the next close for "
            f"{self.horizon} days, against any day (mean log return). Rises are counted where "
            f"those days reach into {years}. Held if a coin did better over all its breakouts, and "
            "none worse, with p, adjusted for the number of coins, of at most 0.05."
        )

    def found(self, prices: Prices) -> Outcome:
        """Compare the returns of each coin, and count."""
        tested: dict[str, Odds] = {}
        counts, events = np.zeros((2, 2), dtype=int), set()
        edges: list[pd.Timestamp] = []
        reached: set[int] = set()
        for coin in self.coins:
            try:
                seen = self._study(prices, coin)
            except NotTestableError:
                continue
            one = self._odds(seen)
            if not len(one.after_event):
                continue
            tested[coin] = one
            events.update(_events(seen, one))
            edges.extend(seen.era.index[[0, -1]])
            first = pd.DatetimeIndex(one.after_event.index)
            last = first + pd.Timedelta(days=self.horizon)
            reached.update(first.year, last.year)
            named = first.year.isin(self.years) | last.year.isin(self.years)
            counts += [[(one.after_event[at] > 0).sum(), at.sum()] for at in (named, ~named)]
        (risen, n), (risen_else, n_else) = counts.tolist()
        if not n:
            raise self._untold(f"one of {', '.join(self.coins)}")
        # Bonferroni: coins rise and fall together, and that is all that is assumed.
        adjusted = {
            coin: float(np.minimum(1, one.p.two_sided * len(tested)))
            for coin, one in tested.items()
        }
        mark, verdict, p = _any_told(tested, adjusted)
        rises = f"rose {counted(risen, n)}"
        if n_else:
            rises += f"; in other years {risen_else} of {n_else}"
        missing = [str(year) for year in self.years if year not in reached]
        nowhere = f"; none followed into {' or '.join(missing)}" if missing else ""
        return Outcome(
            mark=mark,
            verdict=f"{verdict} ({rises})",
            p=p,
            data=f"{self.small_cap} and {', '.join(tested)}, {day(min(edges))} to "
            f"{day(max(edges))}; breakouts of {joined(sorted(events))}{nowhere}",
            measures=tuple(
                _growth(coin, one, _adjusted(adjusted[coin], len(tested)))
                for coin, one in tested.items()
            ),
            path="/evidence",
            view=self._view(*list(tested)[:MOST_INSTRUMENTS]),
        )


class Timing(_FollowedByOne):
    """Whether a breakout or a high correlation says more about what follows."""

    kind: Literal["timing"]
    window: int = Field(90, ge=20, le=500)

    def definition(self) -> str:
        """What is tested and when it held, in words."""
        return (
            f"{self._rule()} {self.coin} from the next close for {self.horizon} days, after "
            f"breakouts and after sessions whose {self.window}-session correlation is in the top "
            "third of all, which is known only afterwards; each against any day (mean log return). "
            "Held if the difference after breakouts, up or down, is the larger one, with p of at "
            "most 0.05."
        )

    def found(self, prices: Prices) -> Outcome:
        """Compare both with any day."""
        seen = self._study(prices, self.coin)
        after_breakouts = self._odds(seen)
        if not len(after_breakouts.after_event):
            raise self._untold(self.coin)
        line = rolling(seen.signal, seen.target, "d", 0, window=self.window, method="pearson")
        line = line.iloc[self.window - 1 :][seen.era.index[0] : seen.era.index[-1]]
        if len(line) < _FEWEST_RETURNS:
            raise NotTestableError(
                f"needs {self.window + _FEWEST_RETURNS} shared sessions{self._during()}"
            )
        line = line.dropna()
        if len(line) < _FEWEST_RETURNS:
            raise self._still(self.coin)
        together = pd.DatetimeIndex(line.index[line >= line.quantile(2 / 3)])
        entries = entry_dates(seen.era, together)
        after_high = odds(seen.era, entries, self.horizon, until=seen.until)
        mark, verdict, p = _says_more(after_breakouts, after_high)
        return Outcome(
            mark=mark,
            verdict=verdict,
            p=p,
            data=_data(seen, after_breakouts),
            measures=(
                _growth("After breakouts", after_breakouts),
                _growth("At high correlation", after_high),
            ),
            path="/evidence",
            view=self._view(self.coin),
        )


# Data that are not prices: what they are called and the year they begin.
_ELSEWHERE = {
    "company-facts": ("the profits companies report to the SEC, as XBRL", 2009),
    "etf-shares": ("the daily shares outstanding of the ETFs", 2000),
}


class External(_Test):
    """Something that prices cannot tell."""

    kind: Literal["external"]
    data: Literal["company-facts", "etf-shares"]
    first_year: int

    @property
    def needed(self) -> tuple[str, ...]:
        """Ids of the instruments it uses."""
        return ()

    def definition(self) -> str:
        """What is tested, in words."""
        what, begins = _ELSEWHERE[self.data]
        missing = f", so {self.first_year} cannot be computed" if self.first_year < begins else ""
        return f"Needs {what}, from {self.first_year} on. They begin in {begins}{missing}."

    def found(self, _prices: Prices) -> Outcome:
        """Say what is missing."""
        what, begins = _ELSEWHERE[self.data]
        if self.first_year < begins:
            raise NotTestableError(f"needs data before {begins}")
        raise NotTestableError(f"needs {what}, which are not here yet")


ClaimTest = Annotated[
    EventStudy | SingleEvent | Correlation | SeveralCoins | Timing | External,
    Field(discriminator="kind"),
]


def _growth(label: str, tested: Odds, more: str = "") -> Measure:
    """The difference from any day, as growth; `more` is said about it too."""
    after, n = tested.after_event, len(tested.after_event)
    low, high = np.expm1(tested.interval)
    alone = tested.overlap.effective_n
    overlap = f" They overlap, and tell as much as {alone:.1f} apart." if alone < 0.9 * n else ""
    return Measure(
        label=label,
        n=n,
        effect=float(np.expm1(tested.mean_difference)),
        kind="growth against any day",
        low=float(low),
        high=float(high),
        p=tested.p.two_sided,
        about=f"Rose {int((after > 0).sum()):,} of {n:,} times; "
        f"after any day {100 * tested.any_day_hit_rate:.0f}%.{overlap}{more}",
    )


def _told(p: float, difference: float) -> tuple[Mark, str]:
    """Mark and verdict of a difference that should be above zero."""
    if not p <= LEVEL:
        return "unclear", UNTOLD
    return ("held", "held") if difference > 0 else ("failed", "did not hold: less than any day")


def _any_told(tested: Mapping[str, Odds], adjusted: Mapping[str, float]) -> tuple[Mark, str, float]:
    """Mark, verdict and deciding p of several differences, given their adjusted p."""
    told = [coin for coin, p in adjusted.items() if p <= LEVEL]
    more = [coin for coin in told if tested[coin].mean_difference > 0]
    less = [coin for coin in told if coin not in more]
    p = float(np.fmin.reduce([adjusted[coin] for coin in less or more or adjusted]))
    if not told:
        return "unclear", UNTOLD, p
    if not less:
        return "held", "held", p
    way = "less than any day"
    if more:
        way = f"{', '.join(more)} more than any day, {', '.join(less)} less"
    return "failed", f"did not hold: {way}", p


def _adjusted(p: float, coins: int) -> str:
    return "" if isnan(p) or coins == 1 else f" Adjusted for {coins} coins: {p_value(p)}."


def _says_more(breakouts: Odds, high: Odds) -> tuple[Mark, str, float]:
    """Mark, verdict and p of the larger of two differences, which should be that of breakouts."""
    is_breakouts = abs(breakouts.mean_difference) > abs(high.mean_difference)
    p = (breakouts if is_breakouts else high).p.two_sided
    if not p <= LEVEL:
        return "unclear", UNTOLD, p
    if not is_breakouts:
        return "failed", "did not hold: correlation says more", p
    way = "more" if breakouts.mean_difference > 0 else "less"
    return "held", f"held: {way} than any day after breakouts", p


def _instruments(seen: Study) -> str:
    first, last = seen.era.index[[0, -1]]
    return f"{seen.signal.id} and {seen.target.id}, {day(first)} to {day(last)}"


def _events(seen: Study, tested: Odds) -> pd.DatetimeIndex:
    """The breakouts whose outcome is known."""
    return pd.DatetimeIndex(seen.events.index[seen.entries.isin(tested.after_event.index)])


def _data(seen: Study, tested: Odds) -> str:
    events = _events(seen, tested)
    return f"{_instruments(seen)}; breakout{'' if len(events) == 1 else 's'} of {joined(events)}"
