"""``/claims``: what was said, and what the data say."""

from typing import Any

from dash import html

from components import controls
from components.card import card
from components.chart import render
from components.charts.specification_curve import height
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import inputs
from view_state import ViewState

PATH = "/claims"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    ledger, curve = (
        (CHARTS[i], render(CHARTS[i], inputs(CHARTS[i], state, market), state))
        for i in ("claims", "specification-curve")
    )
    return [
        html.Div(
            [
                card(*ledger),
                card(
                    *curve,
                    height=height(one.kind for one in market.instruments.values()),
                    # The claims have instruments and rules of their own.
                    controls=[
                        *controls.instruments(market.instruments, state),
                        controls.horizon(state),
                        controls.rules(state, with_rally=False),
                    ],
                ),
            ],
            className="cards claims",
        ),
    ]
