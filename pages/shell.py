"""What every page has around its cards: top bar, notices, the view itself."""

from collections.abc import Collection, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from components import controls
from components.plotting import SAMPLE_NOTE
from data_sources.market import Market
from pages import claims, data, evidence, lead_lag, workbench
from view_state import FIELDS, ViewState, to_query

PAGES = {
    workbench.PATH: "Workbench",
    evidence.PATH: "Evidence",
    lead_lag.PATH: "Lead-lag",
    claims.PATH: "Claims",
    data.PATH: "Data",
}


def shell(
    content: Sequence[Any],
    state: ViewState,
    notices: Sequence[str],
    market: Market,
    *,
    path: str,
    asked: ViewState | None = None,
) -> dmc.MantineProvider:
    """Wrap a page's content.

    Parameters
    ----------
    path
        The page's address.
    asked
        The view as the link has it, with ids that nobody has here, where the reader may have
        those fetched.
    """
    query = to_query(state)
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#main", className="skip"),
            html.Header(
                [
                    html.A(
                        [html.Span(className="logo"), "Bellwether"], href="/", className="brand"
                    ),
                    html.Nav(
                        [
                            html.A(
                                name,
                                href=f"{address}?{query}",
                                **({"aria-current": "page"} if address == path else {}),
                            )
                            for address, name in PAGES.items()
                        ],
                        **{"aria-label": "Pages"},
                    ),
                    html.H1("Do small-cap breakouts lead crypto rallies?", className="question"),
                    html.Span(
                        market.label,
                        className="badge sample" if market.is_sample else "badge",
                        title=SAMPLE_NOTE if market.is_sample else None,
                    ),
                    html.Span(
                        _progress(market), id="progress", className="badge progress", role="status"
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
                [
                    *(html.P([text, _fetch(text, asked)]) for text in notices),
                    *(html.P(text) for text in market.problems),
                ],
                id="notices",
                className="notices",
                role="status",
                hidden=not (notices or market.problems),
            ),
            html.Div(
                [
                    "The server did not answer: the page shows what it had before. ",
                    html.Button("Try again", id="try-again", className="quiet"),
                ],
                id="offline",
                className="notices",
                role="alert",
                hidden=True,
            ),
            html.Div(
                [
                    "Newer prices have arrived. ",
                    html.Button("Show them", id="show-newer", className="quiet"),
                ],
                id="newer",
                className="notices calm",
                role="status",
                hidden=True,
            ),
            html.Main(content, id="main", tabIndex=-1),
            _held(state, market, present=set(html.Div(content))),
            dcc.Store(id="view", data=query),
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


def _held(state: ViewState, market: Market, present: Collection[str]) -> html.Div:
    """What a page has no control for: each such field, where assets/link.js looks for it.

    Parameters
    ----------
    present
        Ids of the page's own components.
    """
    mirrors = ("span-from", "span-to", "window-slider")
    parts: list[Any] = [html.Data(id=id_) for id_ in mirrors if id_ not in present]
    for wire, field in zip(controls.wiring(), FIELDS, strict=True):
        value = getattr(state, field.name)
        if wire["id"] in present or field.key == "theme":
            continue
        if wire["property"] == "value":
            held = list(value) if wire["list"] else str("" if value is None else value)
            parts.append(html.Data(id=wire["id"], value=held))
        else:
            parts.append(dcc.Store(id=wire["id"], data=field.write(value)))
    return html.Div(parts, hidden=True, **{"data-new-york": "~".join(market.new_york)})


def _progress(market: Market) -> str:
    return f"Live prices: {market.progress}" if market.progress else ""


def _fetch(notice: str, asked: ViewState | None) -> html.Button | None:
    """A way to have what a notice says is not here."""
    if asked is None:
        return None
    for key, ids in (("s", asked.small_caps), ("c", asked.coins)):
        for id_ in ids:
            if notice.startswith(f"{key}={id_} was ignored: no "):
                about = {"data-fetch": id_, "data-key": key, "data-list": "~".join(ids)}
                return html.Button(f"Fetch {id_}", className="quiet", **about)
    return None
