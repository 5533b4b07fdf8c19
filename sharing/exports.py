"""The values of a chart as a file, at an address that takes the page's query."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

import flask
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from components.chart import Chart, Values, alignment, described, sources, values
from components.registry import CHARTS
from data_sources.market import Market
from data_sources.series import Series
from sharing.release import release
from sharing.schema import columnar, schema
from sharing.view import LostLinkError, Opened, address_of, inputs, opened
from view_state import Mark, clean

STATUS = {"empty": 404, "working": 503, "failed": 500}
_NO_CHART = "There is no such chart."


class RefusedError(Exception):
    """A file or picture that cannot be had; the message says why.

    Attributes
    ----------
    status
        HTTP status of the answer.
    retry_after
        Seconds after which it may be had; 0 where waiting does not help.
    """

    def __init__(self, message: str, status: int, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Asked:
    """What an address of a chart names.

    Attributes
    ----------
    chart, found, series
        The chart, the view, and the series it is prepared from.
    link
        Full address of the page that shows it.
    """

    chart: Chart
    found: Opened
    series: Mapping[str, Series]
    link: str

    def tag(self, *more: object) -> str:
        """An entity tag: equal for the same answer, made without making the answer."""
        found = self.found
        frozen = found.frozen.link.created_at if found.frozen else None
        parts = (
            release(),
            self.chart.id,
            self.link,
            found.title,
            found.note,
            found.notices,
            frozen,
            [(key, one.content_hash, one.source, one.stale) for key, one in self.series.items()],
            *more,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def asked(card: str, query: str, market: Market, base_url: str) -> Asked:
    """What a chart's address names.

    Raises
    ------
    RefusedError
        When there is no such chart or link.
    """
    chart = CHARTS.get(card)
    if chart is None:
        raise RefusedError(_NO_CHART, 404)
    try:
        found = opened(query, market)
    except LostLinkError as problem:
        raise RefusedError(str(problem), problem.status) from problem
    series = inputs(chart, found.state, found.market)
    return Asked(chart, found, series, base_url + address_of(found, chart.page))


def made(ask: Asked) -> Values:
    """The values of a chart.

    Raises
    ------
    RefusedError
        When there are none, or not yet.
    """
    found, status, message = values(ask.chart, ask.series, ask.found.state)
    if found is None:
        raise RefusedError(message, STATUS[status], retry_after=status == "working")
    return found


def as_csv(ask: Asked, found: Values) -> str:
    """The table of a chart, under comments that say what it is."""
    about, frozen = ask.found, ask.found.frozen
    words = {
        "Title": about.title,
        "Note": about.note,
        "Marks": "; ".join(map(_mark_text, about.state.marks)),
        "Source": sources(ask.series),
        "As of": ", ".join(f"{key} {one.as_of:%Y-%m-%d}" for key, one in ask.series.items()),
        "Alignment": alignment(ask.series),
        "Definition": ask.chart.definition,
        "Frozen": f"{frozen.link.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if frozen else "",
    }
    lines = [
        ask.chart.title,
        found.finding,
        *(f"{name}: {text}" for name, text in words.items() if text),
        *(f"Notice: {text}" for text in about.notices),
        f"Link: {ask.link}",
    ]
    # A quotation mark could begin a cell that swallows the lines below.
    comments = "".join(f"# {clean(line).replace(chr(34), '”')}\n" for line in lines)
    return comments + _written(found.table)


def as_json(ask: Asked, found: Values) -> str:
    """The same as JSON; see :func:`sharing.schema.schema`."""
    about, frozen = ask.found, ask.found.frozen
    envelope = {
        "card": ask.chart.id,
        "title": ask.chart.title,
        "finding": found.finding,
        "link": ask.link,
        "source": sources(ask.series),
        "as_of": {key: f"{one.as_of:%Y-%m-%d}" for key, one in ask.series.items()},
        "is_sample": any(one.is_sample for one in ask.series.values()),
        "alignment": alignment(ask.series),
        "definition": ask.chart.definition,
        "annotations": {
            "title": about.title,
            "note": about.note,
            "marks": [
                {
                    "from": str(mark.first),
                    "to": str(mark.last) if mark.last else None,
                    "label": mark.label,
                }
                for mark in about.state.marks
            ],
        },
        "frozen": {
            "id": frozen.link.id,
            "at": f"{frozen.link.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        if frozen
        else None,
        "notices": list(about.notices),
        "columns": [
            {"name": name, "kind": column.kind, "meaning": column.meaning}
            for name, column in described(ask.chart, found.table)
        ],
        "values": columnar(found.table),
    }
    return json.dumps(envelope, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _written(table: pd.DataFrame) -> str:
    """A table as CSV, in the shortest digits that read back as the same numbers."""
    # By Arrow: pandas takes five times as long.
    flat = pa.Table.from_pandas(table.reset_index(), preserve_index=False)
    columns = [
        column.cast(pa.date32()) if pa.types.is_timestamp(column.type) else column
        for column in flat.columns
    ]
    content = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns, flat.column_names), content)
    return content.getvalue().to_pybytes().decode()


_FORMATS = {"csv": (as_csv, "text/csv"), "json": (as_json, "application/json")}


def register(server: flask.Flask, market: Market, base_url: str) -> None:
    """Add ``/chart/<card>.csv``, ``.json`` and ``.schema.json``.

    Parameters
    ----------
    server, market
        Where they are added, and what they are made from.
    base_url
        Address of the site; "" for that of each request.
    """

    @server.get("/chart/<card>.<any(csv, json):form>")
    def file(card: str, form: str) -> flask.Response:
        ask = asked(card, query_text(), market, base_url or site())
        answer = unchanged(ask.tag(form))
        if answer is None:
            write, mimetype = _FORMATS[form]
            answer = flask.Response(write(ask, made(ask)), mimetype=mimetype)
            tagged(answer, ask.tag(form))
        if form == "csv":
            answer.headers["Content-Disposition"] = f'attachment; filename="{card}.csv"'
        return answer

    @server.get("/chart/<card>.schema.json")
    def card_schema(card: str) -> flask.Response:
        if card not in CHARTS:
            raise RefusedError(_NO_CHART, 404)
        answer = flask.jsonify(schema(CHARTS[card]))
        answer.mimetype = "application/schema+json"
        return answer

    @server.errorhandler(RefusedError)
    def refused(reason: RefusedError) -> flask.Response:
        if flask.request.path.endswith((".json", "/share", "/oembed")):
            answer = flask.jsonify(message=str(reason))
        else:
            answer = flask.Response(f"{reason}\n", mimetype="text/plain")
        answer.status_code = reason.status
        answer.headers["Cache-Control"] = "no-store"
        if reason.retry_after:
            answer.headers["Retry-After"] = str(int(reason.retry_after))
        return answer


def query_text() -> str:
    """The query of the request, as it was sent."""
    return flask.request.query_string.decode("utf-8", "replace")


def site() -> str:
    """Address of the site as the request names it.

    Raises
    ------
    RefusedError
        When it names none.
    """
    if not flask.request.host:
        raise RefusedError("The request's Host is no host.", 400)
    return flask.request.host_url.rstrip("/")


def unchanged(tag: str) -> flask.Response | None:
    """304, where the client has the answer with this tag already."""
    if not flask.request.if_none_match.contains_weak(tag):
        return None
    return tagged(flask.Response(status=304), tag)


def tagged(answer: flask.Response, tag: str) -> flask.Response:
    """The answer, to be kept and asked for again: what it is made from may change."""
    # Weak: what is compressed differs in its bytes only.
    answer.set_etag(tag, weak=True)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _mark_text(mark: Mark) -> str:
    return f"{mark.first}{f' to {mark.last}' if mark.last else ''} {mark.label}"
