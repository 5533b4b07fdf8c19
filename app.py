"""Bellwether: ``create_app`` builds the dashboard, ``python app.py`` serves it locally."""

import re
from collections.abc import Collection
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import flask
from dash import Dash, html
from flask_compress import Compress
from flask_cors import CORS
from plotly.io.json import to_json_plotly

from components import theme
from components.controls import wiring
from data_sources.market import Market, open_market
from pages import actions, callbacks, claims, data, embed, evidence, lead_lag, workbench
from pages.shell import PAGES, lost, shell
from settings import Settings, bare_environment, load
from sharing import answers, exports, feed, picture, preview
from sharing.answers import query_text, site
from sharing.limits import limits
from sharing.picture import without
from sharing.pictures import Pictures
from sharing.release import release
from sharing.view import Opened, RefusedError, address_of, opened
from view_state import MOST_INSTRUMENTS, ViewState, parse, to_query

VALUES = r"/chart/.*\.(csv|json)"
COMPRESSED = (
    *("text/html", "text/css", "text/csv", "text/javascript", "application/javascript"),
    *("application/json", "application/schema+json", "application/atom+xml", "image/svg+xml"),
)
LONGEST_BODY = 64 * 1024  # a view is a few hundred bytes
TITLE = "Bellwether: do small-cap breakouts lead crypto rallies?"
ASSETS = Path(__file__).parent / "assets"
_CHARTED = {page.PATH: page for page in (workbench, evidence, lead_lag, claims)}
# The part of plotly.js that draws our charts: a third of the whole, which Dash would load late.
PLOTLY = "vendor/plotly-cartesian-4.1.1.min.js"

_INDEX = """<!DOCTYPE html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
{tags}
<link rel="alternate" type="application/atom+xml" title="New breakouts" href="/breakouts.xml">
<link rel="icon" href="{icon}" type="image/svg+xml">
<link rel="preload" as="script" href="{plotly}">
<style>{inks}</style>
{css}
</head>
<body>
<script type="application/json" id="boot">{boot}</script>
<script src="{boot_script}"></script>
<noscript><p class="lost">Bellwether draws its charts with JavaScript.</p></noscript>
{app_entry}
{config}
{scripts}
{renderer}
</body>
</html>"""


class Bellwether(Dash):
    """Dash whose page already holds the layout of the view its link names.

    The first paint is that view: no default shows first, and the layout costs no second request.
    """

    def interpolate_index(self, **parts: str) -> str:
        """Write the page; assets/boot.js hands the layout to the renderer."""
        layout = self.get_layout()
        plotly = self._fingerprinted(PLOTLY)
        boot = {
            "layout": layout,
            "dependencies": _within(set(layout), self._callback_list),
            "plotly": plotly,
            "page": flask.g.page,
        }
        scheme = layout.forceColorScheme
        return _INDEX.format(
            theme=f' data-mantine-color-scheme="{scheme}"' if scheme else "",
            # "<" could end the script element; in JSON it may always be written as an escape.
            boot=to_json_plotly(boot).replace("<", "\\u003c"),
            boot_script=self._fingerprinted("boot.js"),
            icon=self._fingerprinted("icon.svg"),
            plotly=plotly,
            inks=theme.properties(),
            **{**parts, "title": escape(flask.g.title or parts["title"]), "tags": flask.g.tags},
        )

    def _fingerprinted(self, asset: str) -> str:
        """Address of an asset, changing when the file does, as Dash writes those it loads."""
        modified = (ASSETS / asset).stat().st_mtime
        return f"{self.get_asset_url(asset)}?m={modified}"


def create_app(settings: Settings) -> Dash:
    """Build the dashboard.

    Everything is registered on the returned app, so several can live in one process.
    """
    market = open_market(settings)
    app = Bellwether(
        __name__,
        title=TITLE,
        assets_ignore="boot.js|vendor",
        # Each page is given its own callbacks; Dash would hold them all against one layout.
        suppress_callback_exceptions=True,
        use_async=False,
        update_title="",
    )
    app.layout = partial(_layout, market, settings)
    callbacks.register(app, market)
    data.register(app, market)
    app.server.config["COMPRESS_MIMETYPES"] = COMPRESSED
    Compress(app.server)
    app.server.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.server.extensions["market"] = market
    token = settings.token.get_secret_value() if settings.token else None
    freeze_token = settings.freeze_token.get_secret_value() if settings.freeze_token else None
    limited = limits(app.server)
    actions.register(
        app.server,
        market,
        limited,
        any_symbol=settings.any_symbol,
        token=token,
        freeze_token=freeze_token,
    )
    answers.register(app.server, settings.public_url)
    pictures = Pictures(environment=bare_environment())
    release()  # of the code that runs, not of what may lie in its place later
    app.server.extensions["pictures"] = pictures
    exports.register(app.server, market)
    picture.register(app.server, market, pictures)
    preview.register(app.server, market, pictures, limited)
    feed.register(app.server, market, limited)
    if settings.cors_origins:
        CORS(
            app.server,
            resources={
                VALUES: {"origins": [_exactly(one) for one in settings.cors_origins.split()]}
            },
            methods=["GET"],
            expose_headers=["ETag"],
        )
    _finish_answers(app.server, settings.embed_origins)
    # Dash finishes its set-up on the first request and is not safe for two at once (dash#3971).
    app.server.test_client().get("/")
    return app


def create_server() -> flask.Flask:
    """The WSGI application that gunicorn.conf.py names."""
    server = create_app(load()).server
    live = server.extensions["market"].live
    if live is not None:
        # Connections must not be carried into the workers; each opens its own.
        live.close()
    return server


def _exactly(origin: str) -> str | re.Pattern[str]:
    """An origin for Flask-CORS, which would take one with brackets for a pattern."""
    return origin if origin == "*" else re.compile(rf"{re.escape(origin)}\Z")


def _layout(market: Market, settings: Settings) -> Any:
    if not flask.has_request_context():  # Dash asks once for the layout, to check it
        return shell(workbench.content(ViewState(), market), opened("", market), path="/")
    # Held to the end: what arrives meanwhile is newer than all of this page.
    market = market.still()
    status = actions.status_of(market)
    path, query = flask.request.path, query_text()
    try:
        place, found = _named(path, query, market)
    except RefusedError as problem:
        place, found, is_lost = path, opened("", market), True
        content = lost("This link shows nothing", [str(problem)])
        _answer_with(problem.status)
    else:
        content, is_lost = _content(place, found, settings), False
    if found.frozen is not None:
        status = actions.status_of(found.market)
    live = found.market.live
    may_add = settings.any_symbol and live is not None and not market.is_sample
    flask.g.page = {
        "fields": wiring(),
        "query": to_query(found.state),
        "frozen": found.state.frozen or "",
        "isLost": is_lost,
        "isBare": path.startswith("/s/") and address_of(found, place) == path,
        "last": _last_days(found.market),
        "status": status,
        "isLive": live is not None,
        "mayAdd": may_add,
        "most": MOST_INSTRUMENTS,
    }
    asked = parse(query)[0] if may_add and place in _CHARTED else None
    needs_token = settings.freeze_token is not None
    layout = shell(
        content,
        found,
        path=place,
        asked=asked,
        needs_token=needs_token,
        framers=settings.embed_origins,
    )
    _describe(layout, found, place, site())
    return layout


def _named(path: str, query: str, market: Market) -> tuple[str, Opened]:
    """The page that an address names, and the view on it."""
    if path == data.PATH:  # it shows what there is today, and no chart
        return path, opened(without(query, {"frozen"}), market)
    if not path.startswith("/s/"):
        return path, opened(query, market)
    found = opened(f"frozen={quote(path[3:])}&{query}", market)
    return found.frozen.link.page if found.frozen else path, found


def _content(place: str, found: Opened, settings: Settings) -> list[Any]:
    """What stands on a page."""
    if place in _CHARTED:
        return _CHARTED[place].content(found.state, found.market)
    if place == data.PATH:
        return data.content(found.market, needs_token=settings.token is not None)
    if chart := embed.embedded(place):
        address = (site()) + address_of(found, chart.page)
        return embed.content(chart, found, address)
    _answer_with(404)
    return lost("There is no such page", [html.Code(place[:80]), " is not an address here."])


def _answer_with(status: int) -> None:
    @flask.after_this_request
    def _set(response: flask.Response) -> flask.Response:
        response.status_code = status
        return response


def _describe(layout: Any, found: Opened, place: str, base_url: str) -> None:
    """Title and tags of the page, for those who preview links."""
    chart = embed.embedded(place)
    lead = chart.id if chart else preview.LEAD.get(place, "")
    said = _said(layout, lead)
    address = base_url + address_of(found, chart.page if chart else place)
    flask.g.tags = preview.tags(found, lead, address, said, base_url)
    page = "" if place == workbench.PATH else PAGES.get(place, "")
    name = found.title or page
    flask.g.title = f"{name} · {TITLE}" if name else ""


def _said(layout: Any, card: str) -> str:
    """The finding and the cautions of a card on a page; "" where it is not there, or has none."""
    try:
        parts = {getattr(part, "id", ""): part for part in layout[f"card-{card}"].children}
    except KeyError:
        return ""
    cautions = [line.children for line in parts[f"cautions-{card}"].children]
    return " ".join(filter(None, [parts[f"finding-{card}"].children, *cautions]))


def _last_days(market: Market) -> dict[str, str]:
    """The last day of every instrument, which range buttons count back from."""
    return {i: f"{one.as_of:%Y-%m-%d}" for i, one in market.series(market.instruments).items()}


def _within(ids: Collection[str], callbacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The callbacks all of whose components are on the page; Dash cannot run the others."""

    def used(callback: dict[str, Any]) -> set[str]:
        outputs = callback["output"].strip(".").split("...")
        return {one["id"] for one in callback["inputs"]} | {
            one.rpartition(".")[0] for one in outputs
        }

    return [one for one in callbacks if used(one) <= set(ids)]


def _finish_answers(server: flask.Flask, embed_origins: str) -> None:
    @server.after_request
    def finish(response: flask.Response) -> flask.Response:
        # Flask-Compress leaves the file of a streamed asset open.
        if response.is_streamed:
            response.direct_passthrough = False
            response.make_sequence()
        is_asset = flask.request.endpoint == "_dash_assets.static" and "m" in flask.request.args
        if is_asset and response.status_code < 400:
            response.headers["Cache-Control"] = actions.FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Only embeds may stand in a frame: ours, and those of the sites that are set.
        is_embed = embed.embedded(flask.request.path) is not None
        framers = f"'self' {embed_origins}".strip() if is_embed else "'none'"
        response.headers["Content-Security-Policy"] = f"frame-ancestors {framers}"
        if not is_embed:
            response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        return response


if __name__ == "__main__":
    settings = load()
    app = create_app(settings)
    market = app.server.extensions["market"]
    if market.live:
        market.live.start()
    app.run(host=settings.host, port=settings.port)
