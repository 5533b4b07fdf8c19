"""``/data``: every series, where it comes from, how old it is, and what failed."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from components.cautions import doubts
from components.plotting import SAMPLE_NOTE, day
from components.returns import spaced
from data_sources.market import TERMS, Market
from data_sources.snapshot import Status

PATH = "/data"

# What needs attention comes first; each state also has a mark, so that no colour is needed.
_STATES = {
    "failed": "✕",
    "stale": "!",
    "last try failed": "!",
    "doubtful": "?",
    "waiting": "…",
    "being filled": "…",
    "current": "✓",
    "as in its file": "",
    "simulated": "",
}
_HEADINGS = ("Series", "State", "Last day", "Age", "Rows", "First day", "Day ends", "Source")
_DAY_END = {"nyclose": "New York close", "utc": "UTC day", "": ""}

_NUMBERS = {
    "Calendar": "Two series are cut to the dates both have, and returns come afterwards: the log "
    "of a close over the one on the shared date before. A coin compounds over weekends and "
    "holidays, and nothing is filled in.",
    "Correlation": "Of the returns in a window: Pearson; Spearman, of their ranks; or EWMA, about "
    "zero and with weights that count as much as the window's n returns. Undefined is blank, "
    "never 0.",
    "95% band": "tanh(atanh r ± 1.96 / √(n − 3)), for Spearman with √(1.06 / (n − 3)) as the "
    "standard error. It holds for one window looked at on its own: on a long line some leave it by "
    "chance, and more do when fat tails strike both series on the same day.",
    "Breakout": "A close above every earlier one, or above the highest of the previous N sessions, "
    "after a base of so many sessions without such a close and a cool-down since the breakout "
    "before. Today is no part of the high it is compared with: nothing looks ahead.",
    "Rally": "A rise by the chosen percentage from the lowest close since the last rally ended. It "
    "ends when the highest close is lost by the same distance in logs: a fall of 33% for a rise of "
    "50%. The shading runs from trough to peak, both known only afterwards, and no number is made "
    "of it.",
    "Event study": "What followed breakouts, from the close after each on, against what followed "
    "any day of the same range. p is the share of rearrangements, in which the same number of "
    "events with the same spacing falls on other days, that differ from any day by as much. A hit "
    "rate has Wilson's interval, for the number of separate events that overlapping ones are "
    "worth.",
    "Lead and lag": "Correlation of daily returns with those so many sessions later. The 95% band "
    "is for all 120 lags together: in 95 of 100 pairs of series that have memory and volatility "
    "spells like these, but no lead, no lag leaves it.",
    "Many definitions": "The specification curve tests every definition, index, coin and horizon "
    "of a grid, and adjusts p for their number (Yekutieli & Benjamini): of what it calls "
    "discoveries at most 5% are expected to be false.",
    "Close": "An index or ETF closes with New York's session. A coin's UTC day ends three to four "
    "hours later, which makes a true correlation of 0.50 read about 0.45 and lets crypto seem to "
    "lead. Where hourly prices are there, coins are taken at New York's close instead; the charts "
    "say which it is.",
}


def content(market: Market, *, needs_token: bool) -> list[Any]:
    """Everything below the top bar.

    Parameters
    ----------
    needs_token
        Whether refreshing on demand needs the operator's token.
    """
    return [
        html.Div(
            [
                _card(
                    "Series",
                    _refresh(needs_token=needs_token) if market.live else None,
                    html.Div(series(market), id="series"),
                ),
                _card("Sources and their terms", html.Dl(_terms(TERMS))) if market.live else None,
                _card(
                    "How the numbers are computed",
                    html.Dl(_terms(_NUMBERS)),
                    html.P(["Every formula is in ", html.Code("docs/numbers.md"), "."]),
                ),
            ],
            className="data",
        ),
        dcc.Store(id="series-request"),
    ]


def register(app: Dash, market: Market) -> None:
    """Let the page ask for its table again."""

    @app.callback(
        Output("series", "children"), Input("series-request", "data"), prevent_initial_call=True
    )
    def draw(_request: object) -> list[Any]:
        return series(market)


def series(market: Market, today: date | None = None) -> list[Any]:
    """What mode the data are in and how it stands with every series.

    Parameters
    ----------
    today
        The UTC day that ages are counted to; without one, the present day.
    """
    today = today or datetime.now(UTC).date()
    statuses = market.statuses
    counts = Counter(_state(one, market) for one in statuses)
    summary = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    return [
        html.P(_mode(market)),
        html.P(f"{len(statuses)} series: {summary}." if statuses else "There is no series."),
        html.Div(
            html.Table(
                [
                    html.Caption("Series, the ones that need attention first"),
                    html.Thead(html.Tr([html.Th(name, scope="col") for name in _HEADINGS])),
                    html.Tbody([_row(one, market, today) for one in _ordered(statuses, market)]),
                ]
            ),
            className="table-scroll",
            tabIndex=0,
            role="region",
            **{"aria-label": "Series"},
        ),
    ]


def _mode(market: Market) -> str:
    if market.live is None and market.is_sample:
        return (
            f"{SAMPLE_NOTE}. Nothing is fetched. Whoever runs this dashboard can show live prices "
            "instead, or prices of their own."
        )
    if market.live is None:
        return (
            "Prices are read from a folder; nothing is fetched. "
            "Whoever runs this dashboard can show live prices instead."
        )
    if market.is_sample:
        return "The charts show sample data until there are enough live prices to draw them from."
    return "Prices are fetched behind the pages, which show what has arrived and never wait."


def _state(status: Status, market: Market) -> str:
    if status.series is None:
        return "failed" if status.error else "waiting"
    if status.is_filling:
        return "being filled"
    troubles = {
        "stale": status.series.stale,
        "last try failed": status.error,
        "doubtful": _doubts(status),
        "simulated": status.series.is_sample,
    }
    usual = "current" if market.live else "as in its file"
    return next((state for state, is_so in troubles.items() if is_so), usual)


def _ordered(statuses: Iterable[Status], market: Market) -> list[Status]:
    """Those that need attention first, the newest failure at the top; rows of a coin together."""
    groups: dict[str, list[Status]] = {}
    for one in statuses:
        groups.setdefault(one.instrument.id, []).append(one)
    order = list(_STATES)

    def urgency(group: list[Status]) -> tuple[int, float]:
        failures = [one.failed_at.timestamp() for one in group if one.failed_at]
        return min(order.index(_state(one, market)) for one in group), -max(failures, default=0)

    return [
        one
        for group in sorted(groups.values(), key=urgency)
        for one in sorted(group, key=lambda one: one.is_new_york)
    ]


def _row(status: Status, market: Market, today: date) -> html.Tr:
    instrument, held = status.instrument, status.series
    if status.is_new_york:
        name: list[Any] = [html.B(instrument.id), " at New York's close"]
    else:
        name = [html.B(instrument.id), html.Span(instrument.name)]
    cells: list[Any] = ["", "", "", ""]
    ends = "nyclose" if status.is_new_york else "utc" if instrument.kind == "coin" else ""
    source = ""
    if held is not None:
        first, last = held.frame.index[0], held.as_of
        cells = [day(last), _age((today - last.date()).days), f"{len(held.frame):,}", day(first)]
        ends, source = held.day_end, held.source
    state = _state(status, market)
    return html.Tr(
        [
            html.Th(name, scope="row", className="new-york" if status.is_new_york else None),
            html.Td(_told(state, status)),
            *(html.Td(cell) for cell in cells),
            html.Td(_DAY_END[ends]),
            html.Td(source),
        ],
        className=state.replace(" ", "-"),
    )


def _told(state: str, status: Status) -> list[Any]:
    """A state in words, and what is known about a failure."""
    since = f" since {day(status.series.as_of)}" if state == "stale" and status.series else ""
    mark = html.Span(_STATES[state], className="mark", **{"aria-hidden": "true"})
    error = status.error or (status.series.stale if status.series else "")
    lines = [
        error,
        *_doubts(status),
        *_spacing(status),
        f"Failed {_moment(status.failed_at)}" if status.failed_at else "",
        f"Next try {_moment(status.next_try)}" if status.next_try else "",
    ]
    return [mark, html.B(state.capitalize() + since), *(html.P(line) for line in lines if line)]


def _doubts(status: Status) -> list[str]:
    """What of the prices is likely wrong."""
    return doubts(status.series, status.series.moves) if status.series else []


def _spacing(status: Status) -> list[str]:
    """That closes are not daily, where charts would need them to be."""
    held = status.series
    is_price = held is not None and held.instrument.kind != "macro"
    return [f"{spaced(held)}."] if held and is_price and held.spacing != "d" else []


def _moment(when: datetime) -> str:
    return f"{day(when)}, {when.astimezone(UTC):%H:%M} UTC"


def _age(days: int) -> str:
    # East of Greenwich a file may hold a day that UTC has not begun.
    return {0: "today", 1: "yesterday"}.get(max(days, 0), f"{days:,} days")


def _refresh(*, needs_token: bool) -> html.Div:
    token = dmc.TextInput(
        id="token",
        label="Token",
        size="xs",
        className="native",
        attributes={"input": {"type": "password", "autoComplete": "off"}},
    )
    return html.Div(
        [
            token if needs_token else None,
            html.Button("Refresh now", id="refresh", className="quiet"),
            html.Span(id="refreshed", role="status"),
        ],
        className="refresh",
    )


def _card(title: str, *parts: Any) -> html.Section:
    return html.Section([html.H2(title), *parts], className="card")


def _terms(meanings: Any) -> list[Any]:
    return [part for name, text in meanings.items() for part in (html.Dt(name), html.Dd(text))]
