"""Bellwether: ``create_app`` builds the dashboard, ``python app.py`` serves it locally."""

from html import escape
from pathlib import Path
from typing import Any

import flask
import numpy as np
from dash import Dash
from flask_compress import Compress
from plotly.io.json import to_json_plotly

from components.controls import wiring
from data_sources.market import Market, open_market
from pages import workbench
from pages.callbacks import available, register
from pages.shell import not_found, shell
from settings import Settings, load
from view_state import parse, to_query

PAGES = {page.PATH: page for page in (workbench,)}
LONGEST_BODY = 64 * 1024  # a view is a few hundred bytes
FOREVER = "public, max-age=31536000, immutable"
ASSETS = Path(__file__).parent / "assets"
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
            "dependencies": self._callback_list,
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
            **{**parts, "title": escape(parts["title"])},
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
        use_async=False,
        update_title="",
    )
    app.layout = lambda: _layout(market)
    register(app, market)
    Compress(app.server)
    app.server.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    _add_routes(app.server, market)
    # Dash finishes its set-up on the first request and is not safe for two at once (dash#3971).
    app.server.test_client().get("/")
    return app


def create_server() -> flask.Flask:
    """The WSGI application that gunicorn.conf.py names."""
    return create_app(load()).server


def _layout(market: Market) -> Any:
    request = flask.request if flask.has_request_context() else None
    path = request.path if request else workbench.PATH
    query = request.query_string.decode("utf-8", "replace") if request else ""
    state, notices = parse(query, available(market))
    if request:
        flask.g.page = {
            "fields": wiring(),
            "query": to_query(state),
            "last": _last_days(market),
        }
    if path in PAGES:
        content = PAGES[path].content(state, market)
    else:
        content = not_found(path)

        @flask.after_this_request
        def _missing(response: flask.Response) -> flask.Response:
            response.status_code = 404
            return response

    return shell(content, state, notices, market)


def _last_days(market: Market) -> dict[str, str]:
    """The last day of every instrument, which range buttons count back from."""
    return {i: f"{one.as_of:%Y-%m-%d}" for i, one in market.series(market.instruments).items()}


def _add_routes(server: flask.Flask, market: Market) -> None:
    @server.after_request
    def finish(response: flask.Response) -> flask.Response:
        # Flask-Compress leaves the file of a streamed asset open.
        if response.is_streamed:
            response.direct_passthrough = False
            response.make_sequence()
        is_asset = flask.request.endpoint == "_dash_assets.static" and "m" in flask.request.args
        if is_asset and response.status_code < 400:
            response.headers["Cache-Control"] = FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @server.get("/healthz")
    def healthz() -> tuple[str, int, dict[str, str]]:
        return "ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}

    @server.get("/series/<instrument_id>")
    def series(instrument_id: str) -> flask.Response:
        """Days since 1970, then closes, as little-endian float64: for live tuning."""
        held = market.series([instrument_id]).get(instrument_id)
        if held is None or held.content_hash != flask.request.args.get("h"):
            return flask.Response("No such series\n", 404, mimetype="text/plain")
        days = held.frame.index.to_numpy().astype("datetime64[D]").astype("<f8")
        body = np.concatenate([days, held.frame["close"].to_numpy()]).astype("<f8").tobytes()
        response = flask.Response(body, mimetype="application/octet-stream")
        # The address names the content, so the answer to it never changes.
        response.headers["Cache-Control"] = FOREVER
        return response


if __name__ == "__main__":
    settings = load()
    create_app(settings).run(host=settings.host, port=settings.port)
