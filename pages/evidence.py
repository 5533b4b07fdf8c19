"""``/evidence``: breakouts, what followed them, and the odds of that by chance."""

from typing import Any

from dash import html

from components import controls
from components.card import card
from components.chart import render
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import inputs
from view_state import ViewState

PATH = "/evidence"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    breakouts, paths, odds, cycles = (
        (CHARTS[i], render(CHARTS[i], inputs(CHARTS[i], state, market), state))
        for i in ("breakouts", "event-paths", "event-odds", "cycles")
    )
    return [
        html.Section(
            [
                *controls.instruments(market.instruments, state),
                controls.leader(state),
                controls.horizon(state),
                controls.span(state),
                controls.rules(state, with_rally=False),
                controls.chosen_events(state),
            ],
            className="controls",
            **{"aria-label": "Controls"},
        ),
        html.Div(
            [
                # What it comes to first, then what it is made of.
                card(*odds, height=460),
                card(*paths, height=460),
                card(*breakouts),
                card(*cycles, height=560),
            ],
            className="cards evidence",
        ),
    ]
