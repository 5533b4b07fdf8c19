"""``/embed/<card>``: one chart, for a frame on another page."""

import re
from typing import Any

from dash import html

from components.card import card
from components.chart import Chart, render
from components.registry import CHARTS
from sharing.view import Opened, inputs

_FILLS = 360  # CSS pixels, where the frame leaves no more


def embedded(path: str) -> Chart | None:
    """The chart that an address embeds; None for other addresses."""
    match = re.fullmatch(r"/embed/([a-z-]+)", path)
    return CHARTS.get(match[1]) if match else None


def content(chart: Chart, found: Opened, address: str) -> list[Any]:
    """The card, and the way back to the page it stands on.

    Parameters
    ----------
    chart, found
        What is shown.
    address
        Of the page.
    """
    rendered = render(chart, inputs(chart, found.state, found.market), found.state)
    return [
        html.Div(
            [
                card(chart, rendered, height=_FILLS),
                html.A(
                    ["Open in Bellwether ", html.Span("↗", **{"aria-hidden": "true"})],
                    href=address,
                    target="_blank",
                    rel="noopener",
                    className="back",
                ),
            ],
            className="embed",
        )
    ]
