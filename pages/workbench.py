"""``/``: overlay, rolling correlation and the pairs beside them."""

from typing import Any

from dash import html

from components import controls
from components.card import card
from components.chart import render
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import inputs
from view_state import ViewState

PATH = "/"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    overlay, correlation, matrix = (
        (CHARTS[i], render(CHARTS[i], inputs(CHARTS[i], state, market), state))
        for i in ("overlay", "rolling-correlation", "matrix")
    )
    return [
        html.Section(
            [
                *controls.instruments(market.instruments, state),
                controls.span(state),
                controls.scale(state),
                controls.rules(state),
            ],
            className="controls",
            **{"aria-label": "Controls"},
        ),
        html.Div(
            [
                card(*overlay, height=400),
                card(
                    *correlation,
                    height=300,
                    controls=controls.correlation(state, market.new_york),
                ),
                card(*matrix, height=260),
            ],
            className="cards",
        ),
    ]
