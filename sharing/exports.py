"""The values of a chart as a file, at an address that takes the page's query."""

import flask

from components.chart import source_line, values
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import inputs, opened
from view_state import to_query

_STATUS = {"empty": 404, "working": 503, "failed": 500}


def register(server: flask.Flask, market: Market) -> None:
    """Add ``/chart/<card>.csv``."""

    @server.get("/chart/<card>.csv")
    def csv(card: str) -> flask.Response:
        chart = CHARTS.get(card)
        if chart is None:
            return _refusal("There is no such chart.", 404)
        state = opened(flask.request.query_string.decode("utf-8", "replace"), market)
        series = inputs(chart, state, market)
        found, status, message = values(chart, series, state)
        if found is None:
            answer = _refusal(message, _STATUS[status])
            if status == "working":
                answer.headers["Retry-After"] = "1"
            return answer
        page = f"{flask.request.host_url.rstrip('/')}{chart.page}?{to_query(state)}"
        about = (chart.title, found.finding, source_line(series), f"Link: {page}")
        comments = "".join(f"# {line}\n" for line in about)
        answer = flask.Response(comments + found.table.to_csv(), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="{card}.csv"'
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _refusal(reason: str, status: int) -> flask.Response:
    return flask.Response(f"{reason}\n", status, mimetype="text/plain")
