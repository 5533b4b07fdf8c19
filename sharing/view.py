"""What a link names: a view that can be shown, and the series its charts are prepared from."""

import re
from dataclasses import dataclass, replace
from datetime import date

from components.chart import Chart, at_new_york
from components.plotting import EmptyChartError, shown_span
from components.registry import CHARTS
from data_sources.errors import CorruptBlob, StoreTooNew, StoreUnavailable
from data_sources.frozen import Frozen
from data_sources.market import Market
from data_sources.series import Series
from view_state import LONGEST_NOTE, ViewState, clean, is_bare, parse, to_query

UNREADABLE = "The id of the frozen data in this link cannot be read."
GONE = "There is no such frozen link here: it may have expired, or it was deleted."


class RefusedError(Exception):
    """Something of a link that cannot be had; the message says why.

    Attributes
    ----------
    status
        HTTP status of the answer.
    retry_after
        Seconds after which it may be had; 0 where waiting does not help.
    """

    def __init__(self, message: str, status: int, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Opened:
    """A link, opened.

    Attributes
    ----------
    state
        The view.
    notices
        What of the link was not used, and why.
    market
        Its data as they were when it was opened: those of today, or frozen ones.
    title, note
        The author's words.
    frozen
        The frozen link, where it is one.
    """

    state: ViewState
    notices: tuple[str, ...]
    market: Market
    title: str
    note: str
    frozen: Frozen | None = None


def available(market: Market) -> dict[str, list[str]]:
    """Ids a link may name, as :func:`view_state.parse` wants them."""
    kinds = {"small_caps": "small_cap", "coins": "coin"}
    there = {
        name: [i for i, one in market.instruments.items() if one.kind == kind]
        for name, kind in kinds.items()
    }
    return {**there, "new_york": list(market.new_york)}


def opened(query: object, market: Market) -> Opened:
    """Open a query: the browser sends text; anyone can send anything.

    Raises
    ------
    RefusedError
        When it names frozen data that are not there.
    """
    text = query if isinstance(query, str) else ""
    # Held to the end: what arrives meanwhile is for the next request.
    market = market.still()
    asked, notices = parse(text)
    if asked.frozen is None:
        if re.search(r"(^|[?&])frozen=", text):
            # Other data than those that were cited would be worse than none.
            raise RefusedError(UNREADABLE, 404)
        state, notices = parse(text, available(market))
        return Opened(state, notices, market, state.title, state.note)
    found = _found(asked.frozen, market)
    held = Market(lambda: found.snapshot, frozen=market.frozen)
    if is_bare(text):
        state = replace(frozen_view(found, held), theme=asked.theme)
    else:
        state, notices = parse(text, available(held))
    # Nothing is "now" on data that get no newer; the words are the author's, whatever is asked.
    end = state.span[1] or last_day(held)
    state = replace(state, span=(state.span[0], end), title="", note="", frozen=asked.frozen)
    return Opened(state, notices, held, found.link.title, found.link.note, found)


def last_day(market: Market) -> date | None:
    """The last day that anything has data of."""
    held = market.series(market.instruments).values()
    return max((one.as_of.date() for one in held), default=None)


def frozen_view(found: Frozen, held: Market) -> ViewState:
    """The view that was frozen, with its data in `held`."""
    return replace(parse(found.link.query, available(held))[0], frozen=found.link.id)


def address_of(found: Opened, page: str) -> str:
    """Where a view is seen, from the root of the site; on its own page a frozen one at `/s/`."""
    state = found.state
    if found.frozen is None:
        return f"{page}?{to_query(state)}"
    if page != found.frozen.link.page:
        return f"{page}?{to_query(state)}"
    place = f"/s/{found.frozen.link.id}"
    if state == frozen_view(found.frozen, found.market):
        return place
    return f"{place}?{to_query(replace(state, frozen=None), spelled_out=True)}"


def live_address(found: Opened, page: str) -> str:
    """The view of today's data, with all that could drift written out.

    A frozen one is not held to the last frozen day.
    """
    market = found.market
    state = fixed(page, found.state, market, is_frozen=False)
    end = None if state.span[1] == last_day(market) else state.span[1]
    note = found.note if len(found.note) <= LONGEST_NOTE else ""
    live = replace(
        state, frozen=None, span=(state.span[0], end), title=found.title, note=clean(note)
    )
    return f"{page}?{to_query(live, spelled_out=True)}"


def _found(id_: str, market: Market) -> Frozen:
    try:
        found = market.frozen.find(id_) if market.frozen else None
    except CorruptBlob as problem:
        raise RefusedError("The data of this frozen link are damaged.", 503) from problem
    except (StoreUnavailable, StoreTooNew) as problem:
        raise RefusedError(f"{problem}: try again later.", 503) from problem
    if found is None:
        raise RefusedError(GONE, 404)
    return found


def inputs(chart: Chart, state: ViewState, market: Market) -> dict[str, Series]:
    """The series a chart is prepared from, as its `scope` says."""
    chosen = _chosen(chart.page, state)
    if chart.scope == "view":
        return market.series(chosen, state.align or "")
    if chart.scope == "all":
        return market.series(_comparable(market), "utc")
    series = market.series(chosen, "utc")
    if chart.scope == "both":
        coin = state.pair[1]
        one = market.series([coin], "nyclose").get(coin)
        if one is not None and one.day_end == "nyclose":
            series[at_new_york(coin)] = one
    return series


def needed(page: str, state: ViewState, market: Market) -> tuple[str, ...]:
    """Ids of all that the charts of a page are prepared from."""
    if any(chart.scope == "all" for chart in CHARTS.values() if chart.page == page):
        return _comparable(market)
    return _chosen(page, state)


def fixed(page: str, state: ViewState, market: Market, *, is_frozen: bool) -> ViewState:
    """The view with everything written out that could drift.

    That is the first day, when the days of coins end and, `is_frozen`, the last day.
    """
    series = market.series(_chosen(page, state), state.align or "")
    ends = {one.day_end for one in series.values() if one.instrument.kind == "coin"}
    if len(ends) == 1:
        state = replace(state, align=ends.pop() or None)
    try:
        first, last = (edge.date() for edge in shown_span(series, state))
    except EmptyChartError:
        return state
    return replace(state, span=(first, last if is_frozen else state.span[1]))


def _chosen(page: str, state: ViewState) -> tuple[str, ...]:
    # Only the workbench compares more than the pair in focus.
    return (*state.small_caps, *state.coins) if page == "/" else state.pair


def _comparable(market: Market) -> tuple[str, ...]:
    there = available(market)
    return (*there["small_caps"], *there["coins"])
