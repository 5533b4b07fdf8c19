"""What a link names: a view that can be shown, and the series its charts are prepared from."""

from components.chart import Chart, at_new_york
from data_sources.market import Market
from data_sources.series import Series
from view_state import ViewState, parse


def available(market: Market) -> dict[str, list[str]]:
    """Ids a link may name, as :func:`view_state.parse` wants them."""
    kinds = {"small_caps": "small_cap", "coins": "coin"}
    there = {
        name: [i for i, one in market.instruments.items() if one.kind == kind]
        for name, kind in kinds.items()
    }
    return {**there, "new_york": list(market.new_york)}


def opened(query: object, market: Market) -> ViewState:
    """The view of a query: the browser sends text; anyone can send anything."""
    return parse(query if isinstance(query, str) else "", available(market))[0]


def inputs(chart: Chart, state: ViewState, market: Market) -> dict[str, Series]:
    """The series a chart is prepared from, as its `scope` says."""
    # Only the workbench compares more than the pair in focus.
    chosen = (*state.small_caps, *state.coins) if chart.page == "/" else state.pair
    if chart.scope == "view":
        return market.series(chosen, state.align or "")
    if chart.scope == "all":
        there = available(market)
        return market.series((*there["small_caps"], *there["coins"]), "utc")
    series = market.series(chosen, "utc")
    if chart.scope == "both":
        coin = state.pair[1]
        one = market.series([coin], "nyclose").get(coin)
        if one is not None and one.day_end == "nyclose":
            series[at_new_york(coin)] = one
    return series
