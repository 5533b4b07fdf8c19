"""The values of a chart as a file, at an address that takes the page's query."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC

import flask
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from components.chart import Chart, Values, alignment, described, sources, values
from components.registry import CHARTS
from data_sources.market import Market
from data_sources.series import Series
from sharing.answers import query_text, site, tagged, unchanged
from sharing.release import release
from sharing.schema import columnar, schema
from sharing.view import Opened, RefusedError, address_of, inputs, opened
from view_state import Mark, clean, to_query

STATUS = {"empty": 404, "working": 503, "failed": 500}
_NO_CHART = "There is no such chart."


@dataclass(frozen=True)
class Asked:
    """What an address of a chart names.

    Attributes
    ----------
    chart, found, series
        The chart, the view, and the series it is prepared from.
    """

    chart: Chart
    found: Opened
    series: Mapping[str, Series]

    @property
    def link(self) -> str:
        """Full address of the page that shows it."""
        return site() + address_of(self.found, self.chart.page)

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
            self._data(),
            *more,
        )
        return _digest(parts)

    def picture_tag(self, *more: object) -> str:
        """The same for a picture, which shows less: neither link nor note nor notices."""
        state = replace(self.found.state, note="")
        parts = (release(), self.chart.id, to_query(state), self.found.title, self._data(), *more)
        return _digest(parts)

    def _data(self) -> list[tuple[object, ...]]:
        """What the series are, without their values."""
        return [
            (
                key,
                one.content_hash,
                one.source,
                one.stale,
                one.day_end,
                one.is_sample,
                sorted(one.accepted),
                self._age(one),
            )
            for key, one in self.series.items()
        ]

    @staticmethod
    def _age(one: Series) -> object:
        """What of the day looked at can be read in a finding: how old is what is not fresh."""
        start = one.present_from
        return one.looked_at if start is None or one.as_of < start else "fresh"


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def asked(card: str, query: str, market: Market) -> Asked:
    """What a chart's address names.

    Raises
    ------
    RefusedError
        When there is no such chart or link.
    """
    chart = CHARTS.get(card)
    if chart is None:
        raise RefusedError(_NO_CHART, 404)
    found = opened(query, market)
    series = inputs(chart, found.state, found.market)
    return Asked(chart, found, series)


def made(ask: Asked) -> Values:
    """The values of a chart.

    Raises
    ------
    RefusedError
        When there are none, or not yet.
    """
    found, status, message = values(ask.chart, ask.series, ask.found.state)
    if found is None:
        raise RefusedError(message, STATUS[status], retry_after=1 if status == "working" else 0)
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
        *(f"Notice: {text}" for text in (*found.cautions, *about.notices)),
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
        "notices": [*found.cautions, *about.notices],
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


def register(server: flask.Flask, market: Market) -> None:
    """Add ``/chart/<card>.csv``, ``.json`` and ``.schema.json``, made from `market`."""

    @server.get("/chart/<card>.<any(csv, json):form>")
    def file(card: str, form: str) -> flask.Response:
        ask = asked(card, query_text(), market)
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


def _mark_text(mark: Mark) -> str:
    return f"{mark.first}{f' to {mark.last}' if mark.last else ''} {mark.label}"
