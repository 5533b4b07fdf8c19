"""The values of a chart as a file, at an address that takes the page's query."""

import flask

from components.chart import render, values
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import inputs, opened
from view_state import to_query


def register(server: flask.Flask, market: Market) -> None:
    """Add ``/chart/<card>.csv``."""

    @server.get("/chart/<card>.csv")
    def csv(card: str) -> flask.Response:
        chart = CHARTS.get(card)
        if chart is None:
            return _refusal("There is no such chart.", 404)
        state = opened(flask.request.query_string.decode("utf-8", "replace"), market)
        series = inputs(chart, state, market)
        drawn = render(chart, series, state)
        if drawn.status == "working":
            answer = _refusal(drawn.message, 503)
            answer.headers["Retry-After"] = "1"
            return answer
        frame, message = values(chart, series, state)
        if frame is None:
            return _refusal(message, 500 if drawn.status == "failed" else 404)
        page = f"{flask.request.host_url.rstrip('/')}{chart.page}?{to_query(state)}"
        about = (chart.title, drawn.finding, drawn.source, f"Link: {page}")
        comments = "".join(f"# {line}\n" for line in about)
        answer = flask.Response(comments + frame.to_csv(), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="{card}.csv"'
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _refusal(reason: str, status: int) -> flask.Response:
    return flask.Response(f"{reason}\n", status, mimetype="text/plain")
