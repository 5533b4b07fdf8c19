"""The star: the view goes to every chart, and no chart writes a control."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, set_props

from components.card import card_class, caution_lines, page_count, value_table
from components.chart import Chart, nothing, render, values
from components.controls import wiring
from components.registry import CHARTS
from data_sources.market import Market
from data_sources.series import Series
from sharing.view import RefusedError, inputs, opened
from view_state import ViewState

OTHER_DATA = "Live prices have arrived in place of the sample: show them to go on."


def register(app: Dash, market: Market) -> None:
    """Register every callback on `app`."""
    _register_link(app)
    for chart in CHARTS.values():
        _register_chart(app, chart, market)


def _register_link(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("bellwether", "reduce"),
        Output("view", "data"),
        *[Input(field["id"], field["property"]) for field in wiring()],
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("bellwether", "zoom"),
        Output("control-t", "data"),
        Input("graph-overlay", "relayoutData"),
        Input("graph-rolling-correlation", "relayoutData"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("bellwether", "era"),
        Output("control-t", "data", allow_duplicate=True),
        Input("era", "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("bellwether", "focusCell"),
        Output("graph-matrix", "clickData"),
        Input("graph-matrix", "clickData"),
        prevent_initial_call=True,
    )


def _view(
    chart: Chart, query: object, data_kind: object, market: Market
) -> tuple[ViewState, dict[str, Series]]:
    """What a chart on a page of that kind of data is drawn from."""
    found = opened(query, market)
    if found.market.kind != data_kind:
        # The other charts of the page show what there was: the two never stand side by side.
        set_props("newer", {"hidden": False})
        raise RefusedError(OTHER_DATA, 409)
    return found.state, inputs(chart, found.state, found.market)


def _register_chart(app: Dash, chart: Chart, market: Market) -> None:
    # Each part of the card, and what fills it.
    parts: dict[Output, Any] = {
        Output(f"finding-{chart.id}", "children"): lambda drawn: drawn.finding,
        Output(f"cautions-{chart.id}", "children"): lambda drawn: caution_lines(drawn.cautions),
        Output(f"message-{chart.id}", "children"): lambda drawn: drawn.message,
        Output(f"source-{chart.id}", "children"): lambda drawn: drawn.source,
        Output(f"card-{chart.id}", "className"): card_class,
    }
    if chart.figure:
        parts[Output(f"graph-{chart.id}", "figure")] = lambda drawn: drawn.figure
    if chart.details:
        parts[Output(f"details-{chart.id}", "children")] = lambda drawn: drawn.details
    kind = State("data-kind", "data")
    asked = [Input("view", "data")]
    if chart.is_slow:
        again = Output(f"again-{chart.id}", "disabled")
        parts[again] = lambda drawn: drawn.status != "working"
        asked.append(Input(f"again-{chart.id}", "n_intervals"))

    @app.callback(*parts, kind, *asked, prevent_initial_call=True)
    def draw(data_kind: object, query: object, *_: object) -> list[Any]:
        try:
            state, series = _view(chart, query, data_kind, market)
            drawn = render(chart, series, state)
        except RefusedError as problem:
            drawn = nothing(str(problem))
        return [fill(drawn) for fill in parts.values()]

    # The browser asks for the table only while it is open.
    app.clientside_callback(
        ClientsideFunction("bellwether", "requestTable"),
        Output(f"table-request-{chart.id}", "data"),
        Output(f"table-panel-{chart.id}", "hidden"),
        Output(f"table-button-{chart.id}", "aria-expanded"),
        Input(f"table-button-{chart.id}", "n_clicks"),
        Input(f"page-{chart.id}", "value"),
        Input("view", "data"),
        # Asked again when a chart that takes its time is ready.
        *([Input(f"again-{chart.id}", "disabled")] if chart.is_slow else []),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(f"table-{chart.id}", "children"),
        Output(f"page-{chart.id}", "total"),
        kind,
        Input(f"table-request-{chart.id}", "data"),
        prevent_initial_call=True,
    )
    def tabulate(data_kind: object, request: object) -> tuple[Any, int]:
        asked = request if isinstance(request, dict) else {}
        page = asked.get("page")
        try:
            state, series = _view(chart, asked.get("query"), data_kind, market)
        except RefusedError as problem:
            return str(problem), 1
        found, _, message = values(chart, series, state)
        if found is None:
            return message, 1
        number = page if isinstance(page, int) else 1
        return value_table(found.table, number, chart.title), page_count(found.table)
