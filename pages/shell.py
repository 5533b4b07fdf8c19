"""What every page has around its cards: top bar, notices, the view itself."""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from components import controls
from components.plotting import SAMPLE_NOTE
from data_sources.market import Market
from view_state import ViewState, to_query


def shell(
    content: Sequence[Any], state: ViewState, notices: Sequence[str], market: Market
) -> dmc.MantineProvider:
    """Wrap a page's content."""
    return dmc.MantineProvider(
        [
            html.A("Skip to the charts", href="#main", className="skip"),
            html.Header(
                [
                    html.A(
                        [html.Span(className="logo"), "Bellwether"], href="/", className="brand"
                    ),
                    html.H1("Do small-cap breakouts lead crypto rallies?", className="question"),
                    html.Span(
                        market.label,
                        className="badge sample" if market.is_sample else "badge",
                        title=SAMPLE_NOTE if market.is_sample else None,
                    ),
                    html.Div(
                        [
                            *controls.theme(state),
                            html.Button("Copy link", id="copy-link", className="primary"),
                            html.Span(id="copied", role="status", className="copied"),
                        ],
                        className="actions",
                    ),
                ],
                className="top",
            ),
            html.Div(
                [html.P(text) for text in (*notices, *market.problems)],
                id="notices",
                className="notices",
                role="status",
                hidden=not (notices or market.problems),
            ),
            html.Div(
                [
                    "The server did not answer: the charts show the view before. ",
                    html.Button("Try again", id="try-again", className="quiet"),
                ],
                id="offline",
                className="notices",
                role="alert",
                hidden=True,
            ),
            html.Main(content, id="main", tabIndex=-1),
            dcc.Store(id="view", data=to_query(state)),
        ],
        id="mantine",
        forceColorScheme=state.theme,
        defaultColorScheme="auto",
        theme={"primaryColor": "blue", "fontFamily": "inherit", "defaultRadius": "sm"},
    )


def not_found(path: str) -> list[Any]:
    """Content for an address that is no page."""
    return [
        html.Section(
            [
                html.H2("There is no such page"),
                html.P([html.Code(path[:80]), " is not an address here."]),
                html.P(html.A("Open the workbench", href="/")),
            ],
            className="card lost",
        )
    ]
