"""The frame around a chart: title, finding, chart, table, source, and the states between."""

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html

from components.chart import Chart, Rendered
from components.controls import export

GRAPH_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    # A double click leaves the zoom and shows the whole history.
    "doubleClick": "autosize",
    "modeBarButtonsToRemove": [
        "select2d",
        "lasso2d",
        "autoScale2d",
        "resetScale2d",
        "zoomIn2d",
        "zoomOut2d",
    ],
}
ROWS_A_PAGE = 50
AGAIN = 400  # milliseconds between two looks at a chart that is being computed


def card(chart: Chart, rendered: Rendered, height: int = 0, controls: Any = None) -> html.Section:
    """A chart on a page, `height` CSS pixels high, with `controls` beside its title."""
    details = html.Ul if chart.figure else html.Div
    return html.Section(
        [
            html.Header(
                [
                    html.H2(chart.title, id=f"title-{chart.id}"),
                    html.Div(controls, className="card-controls"),
                    html.Button(
                        "Table",
                        id=f"table-button-{chart.id}",
                        className="quiet",
                        **{"aria-controls": f"table-{chart.id}", "aria-expanded": "false"},
                    ),
                    export(chart.id, chart.title),
                    html.Button(
                        "Share",
                        className="quiet",
                        **{
                            "data-share": chart.id,
                            "aria-haspopup": "dialog",
                            "aria-label": f"Share: {chart.title}",
                        },
                    ),
                ]
            ),
            html.P(
                rendered.finding,
                id=f"finding-{chart.id}",
                className="finding",
                **{"aria-live": "polite"},
            ),
            html.Div(
                caution_lines(rendered.cautions),
                id=f"cautions-{chart.id}",
                className="cautions",
                role="note",
            ),
            html.Div(
                rendered.message,
                id=f"message-{chart.id}",
                className="message",
                # Progress that changes all the time is not read out.
                role="status" if not chart.is_slow else None,
            ),
            _graph(chart, rendered, height) if chart.figure else None,
            details(rendered.details, id=f"details-{chart.id}", className="details")
            if chart.details
            else None,
            dcc.Interval(
                id=f"again-{chart.id}", interval=AGAIN, disabled=rendered.status != "working"
            )
            if chart.is_slow
            else None,
            dcc.Store(id=f"table-request-{chart.id}"),
            html.Div(
                [
                    html.Div(id=f"table-{chart.id}"),
                    # Without arrows: they have no accessible name.
                    dmc.Pagination(
                        id=f"page-{chart.id}", total=1, value=1, size="xs", withControls=False
                    ),
                ],
                id=f"table-panel-{chart.id}",
                className="table",
                hidden=True,
            ),
            html.Footer(rendered.source, id=f"source-{chart.id}"),
        ],
        id=f"card-{chart.id}",
        className=card_class(rendered),
        **{"aria-labelledby": f"title-{chart.id}"},
    )


def _graph(chart: Chart, rendered: Rendered, height: int) -> html.Div:
    return html.Div(
        dcc.Graph(
            id=f"graph-{chart.id}",
            figure=rendered.figure,
            config=GRAPH_CONFIG,
            responsive=True,
            style={"height": height},
        ),
        className="chart",
        role="group",
        **{
            "aria-labelledby": f"title-{chart.id}",
            "aria-describedby": f"finding-{chart.id}",
        },
    )


def caution_lines(cautions: tuple[str, ...]) -> list[html.P]:
    """What a reader must know about the prices, a line each."""
    return [html.P(text) for text in cautions]


def card_class(rendered: Rendered) -> str:
    """CSS classes of a card in its present state."""
    return f"card {rendered.status}{' stale' if rendered.is_stale else ''}"


def page_count(frame: pd.DataFrame) -> int:
    """Number of pages :func:`value_table` splits a frame into, at least 1."""
    return max(1, -(-len(frame) // ROWS_A_PAGE))


def value_table(frame: pd.DataFrame, page: int, caption: str) -> html.Div:
    """One page of a chart's values, newest first, as an accessible table.

    Numbers are rounded for the eye; each cell carries the exact one, as the files have it.

    Parameters
    ----------
    frame : DataFrame
        From the chart's ``table``; its index becomes the row headings.
    page : int
        Counted from 1; out of range shows the nearest page.
    caption : str
        Says what the table holds.
    """
    pages = page_count(frame)
    page = min(max(page, 1), pages)
    order = ""
    if isinstance(frame.index, pd.DatetimeIndex):
        frame, order = frame.iloc[::-1], ", newest first"
    shown = frame.iloc[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE].reset_index()
    headings = [html.Th(str(name).replace("_", " "), scope="col") for name in shown.columns]
    rows = [
        html.Tr([html.Td(_cell(value)) for value in row])
        for row in shown.itertuples(index=False, name=None)
    ]
    return html.Div(
        html.Table(
            [
                html.Caption(f"{caption}. Page {page} of {pages}{order}."),
                html.Thead(html.Tr(headings)),
                html.Tbody(rows),
            ]
        ),
        className="table-scroll",
        tabIndex=0,
    )


def _cell(value: Any) -> str | html.Data:
    text = cell_text(value)
    is_rounded = isinstance(value, float) and text
    return html.Data(text, value=repr(float(value))) if is_rounded else text


def cell_text(value: Any) -> str:
    """One value of a table as it is read: numbers rounded, nothing where it is missing."""
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.{4 if abs(value) < 10 else 2}f}"
    return str(value)
