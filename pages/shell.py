"""What every page has around its cards: top bar, notices, the view itself."""

from collections.abc import Collection, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from components import controls
from components.plotting import SAMPLE_NOTE, day
from data_sources.market import Market
from pages import claims, data, evidence, lead_lag, share, workbench
from pages.embed import embedded
from sharing.preview import LEAD
from sharing.view import Opened, address_of, last_day, live_address
from view_state import FIELDS, Mark, ViewState, to_query

PAGES = {
    workbench.PATH: "Workbench",
    evidence.PATH: "Evidence",
    lead_lag.PATH: "Lead-lag",
    claims.PATH: "Claims",
    data.PATH: "Data",
}


def shell(
    content: Sequence[Any],
    found: Opened,
    *,
    path: str,
    asked: ViewState | None = None,
    needs_token: bool = False,
    framers: str = "",
) -> dmc.MantineProvider:
    """Wrap a page's content.

    Parameters
    ----------
    found
        The view.
    path
        The page's address; that of an embed has no bar and no dialog.
    asked
        The view as the link has it, with ids that nobody has here, where the reader may have
        those fetched.
    needs_token
        Whether freezing needs the operator's token.
    framers
        Sites that may embed charts.
    """
    state, market = found.state, found.market
    is_embed = embedded(path) is not None
    dialog = (
        share.dialog(path, found, needs_token=needs_token, framers=framers)
        if path in LEAD
        else None
    )
    top = None if is_embed else _top(found, path, can_share=dialog is not None)
    present = set(html.Div([*content, top, dialog]))
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#main", className="skip", hidden=is_embed),
            top,
            *_bars(found.notices, market, asked),
            _frozen_bar(found, path, is_embed=is_embed) if found.frozen else None,
            _annotation(found),
            html.Main(content, id="main", tabIndex=-1),
            dialog,
            _held(state, market, present=present),
            dcc.Store(id="view", data=to_query(state)),
            dcc.Store(id="data-kind", data=market.kind),
        ],
        id="mantine",
        forceColorScheme=state.theme,
        defaultColorScheme="auto",
        theme={"primaryColor": "blue", "fontFamily": "inherit", "defaultRadius": "sm"},
    )


def _top(found: Opened, path: str, *, can_share: bool) -> html.Header:
    """Brand, pages, what the data are, theme and Share."""
    state, market = found.state, found.market
    query = live_address(found, path).partition("?")[2] if found.frozen else to_query(state)
    share_button = html.Button(
        "Share",
        id="share-button",
        className="primary",
        title="Share this view (s)",
        **{"aria-haspopup": "dialog", "aria-keyshortcuts": "s"},
    )
    return html.Header(
        [
            html.A([html.Span(className="logo"), "Bellwether"], href="/", className="brand"),
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
            html.Span(_progress(market), id="progress", className="badge progress", role="status"),
            html.Div(
                [*controls.theme(state), share_button if can_share else None],
                className="actions",
            ),
        ],
        className="top",
    )


def _bars(notices: Sequence[str], market: Market, asked: ViewState | None) -> list[html.Div]:
    """What the reader is told about the link, the server and the data."""
    return [
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
    ]


def _frozen_bar(found: Opened, path: str, *, is_embed: bool) -> html.Div:
    """What a frozen link is, as of when, and the ways out of it; an embed has its own."""
    link = found.frozen.link if found.frozen else None
    if link is None:
        raise ValueError("this view is not frozen")
    last = last_day(found.market)
    data = f", with data to {day(last)}" if last else ""
    place = f"/s/{link.id}"
    ways = [
        html.A("Open the live view", href=live_address(found, path), id="live-view"),
        html.Span(
            [" · You have changed the view. ", html.A("Back to the frozen one", href=place)],
            id="changed-view",
            hidden=address_of(found, path) == place,
        ),
    ]
    until = f" It expires on {day(link.expires_at)}." if link.expires_at else ""
    return html.Div(
        [
            html.B("Frozen"),
            f" on {day(link.created_at)}, {link.created_at:%H:%M} UTC{data}. ",
            f"What is refreshed later changes nothing here.{until} ",
            *([] if is_embed else ways),
        ],
        className="notices calm frozen",
    )


def _annotation(found: Opened) -> html.Section:
    """The author's words; assets/link.js keeps them as the dialog has them."""
    return html.Section(
        [
            html.H2(found.title, id="author-title"),
            html.P(found.note, id="author-note"),
            html.P(marks_text(found.state.marks), id="author-marks"),
        ],
        className="author",
        **{"aria-label": "From the author of this link"},
    )


def marks_text(marks: Sequence[Mark]) -> str:
    """The marks in words, for those who do not see them on the charts."""
    texts = (
        f"{day(one.first)}{f' to {day(one.last)}' if one.last else ''}: {one.label}"
        for one in marks
    )
    return f"Marked: {'; '.join(texts)}" if marks else ""


def lost(title: str, reason: Sequence[Any]) -> list[Any]:
    """Content for an address that shows nothing."""
    return [
        html.Section(
            [
                html.H2(title),
                html.P(reason),
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
        Ids of the page's components.
    """
    mirrors = ("span-from", "span-to", "window-slider")
    parts: list[Any] = [html.Data(id=id_) for id_ in mirrors if id_ not in present]
    for wire, field in zip(controls.wiring(), FIELDS, strict=True):
        value = getattr(state, field.name)
        if wire["id"] in present:
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
