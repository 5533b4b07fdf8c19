"""Bellwether: ``create_app`` builds the dashboard, ``python app.py`` serves it locally."""

from collections.abc import Collection
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import flask
from dash import Dash
from flask_compress import Compress
from plotly.io.json import to_json_plotly

from components.controls import wiring
from data_sources.market import Market, open_market
from pages import actions, callbacks, claims, data, evidence, lead_lag, workbench
from pages.shell import PAGES, not_found, shell
from settings import Settings, load
from sharing import exports
from sharing.view import available
from view_state import MOST_INSTRUMENTS, parse, to_query

LONGEST_BODY = 64 * 1024  # a view is a few hundred bytes
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
<link rel="icon" href="{icon}" type="image/svg+xml">
<link rel="preload" as="script" href="{plotly}">
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
        theme = layout.forceColorScheme
        return _INDEX.format(
            theme=f' data-mantine-color-scheme="{theme}"' if theme else "",
            # "<" could end the script element; in JSON it may always be written as an escape.
            boot=to_json_plotly(boot).replace("<", "\\u003c"),
            boot_script=self._fingerprinted("boot.js"),
            icon=self._fingerprinted("icon.svg"),
            plotly=plotly,
            **{**parts, "title": escape(_title(parts["title"]))},
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
        title="Bellwether: do small-cap breakouts lead crypto rallies?",
        assets_ignore="boot.js|vendor",
        # Each page is given its own callbacks; Dash would hold them all against one layout.
        suppress_callback_exceptions=True,
        use_async=False,
        update_title="",
    )
    app.layout = partial(_layout, market, settings)
    callbacks.register(app, market)
    data.register(app, market)
    Compress(app.server)
    app.server.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.server.extensions["market"] = market
    token = settings.token.get_secret_value() if settings.token else None
    actions.register(app.server, market, any_symbol=settings.any_symbol, token=token)
    exports.register(app.server, market)
    _finish_answers(app.server)
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


def _layout(market: Market, settings: Settings) -> Any:
    request = flask.request if flask.has_request_context() else None
    path = request.path if request else workbench.PATH
    query = request.query_string.decode("utf-8", "replace") if request else ""
    # Before anything is drawn: what arrives meanwhile is then newer than this.
    status = actions.status_of(market)
    state, notices = parse(query, available(market))
    may_add = settings.any_symbol and market.live is not None and not market.is_sample
    if request:
        flask.g.page = {
            "fields": wiring(),
            "query": to_query(state),
            "last": _last_days(market),
            "status": status,
            "isLive": market.live is not None,
            "mayAdd": may_add,
            "most": MOST_INSTRUMENTS,
        }
    if path in _CHARTED:
        content = _CHARTED[path].content(state, market)
    elif path == data.PATH:
        content = data.content(market, needs_token=settings.token is not None)
    else:
        content = not_found(path)

        @flask.after_this_request
        def _missing(response: flask.Response) -> flask.Response:
            response.status_code = 404
            return response

    asked = parse(query)[0] if may_add and path in _CHARTED else None
    return shell(content, state, notices, market, path=path, asked=asked)


def _last_days(market: Market) -> dict[str, str]:
    """The last day of every instrument, which range buttons count back from."""
    return {i: f"{one.as_of:%Y-%m-%d}" for i, one in market.series(market.instruments).items()}


def _title(title: str) -> str:
    name = PAGES.get(flask.request.path, "") if flask.request.path != workbench.PATH else ""
    return f"{name} · {title}" if name else title


def _within(ids: Collection[str], callbacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The callbacks all of whose components are on the page; Dash cannot run the others."""

    def used(callback: dict[str, Any]) -> set[str]:
        outputs = callback["output"].strip(".").split("...")
        return {one["id"] for one in callback["inputs"]} | {
            one.rpartition(".")[0] for one in outputs
        }

    return [one for one in callbacks if used(one) <= set(ids)]


def _finish_answers(server: flask.Flask) -> None:
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
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["Referrer-Policy"] = "same-origin"
        return response


if __name__ == "__main__":
    settings = load()
    app = create_app(settings)
    market = app.server.extensions["market"]
    if market.live:
        market.live.start()
    app.run(host=settings.host, port=settings.port)
