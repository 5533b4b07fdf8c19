"""The star: the view goes to every chart, and no chart writes a control."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from components.card import card_class, page_count, value_table
from components.chart import Chart, render, values
from components.controls import wiring
from components.registry import CHARTS
from data_sources.market import Market
from data_sources.series import Series
from view_state import ViewState, parse


def available(market: Market) -> dict[str, list[str]]:
    """Ids a link may name, as :func:`view_state.parse` wants them."""
    kinds = {"small_caps": "small_cap", "coins": "coin"}
    there = {
        name: [i for i, one in market.instruments.items() if one.kind == kind]
        for name, kind in kinds.items()
    }
    return {**there, "new_york": list(market.new_york)}


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
        ClientsideFunction("bellwether", "focusCell"),
        Output("graph-matrix", "clickData"),
        Input("graph-matrix", "clickData"),
        prevent_initial_call=True,
    )


def _register_chart(app: Dash, chart: Chart, market: Market) -> None:
    def view(query: object) -> tuple[ViewState, dict[str, Series]]:
        # The browser sends text; anyone can send anything.
        state = parse(query if isinstance(query, str) else "", available(market))[0]
        return state, market.series((*state.small_caps, *state.coins), state.align or "")

    outputs = [
        Output(f"graph-{chart.id}", "figure"),
        Output(f"finding-{chart.id}", "children"),
        Output(f"message-{chart.id}", "children"),
        Output(f"source-{chart.id}", "children"),
        Output(f"card-{chart.id}", "className"),
    ]
    if chart.details:
        outputs.append(Output(f"details-{chart.id}", "children"))

    @app.callback(*outputs, Input("view", "data"), prevent_initial_call=True)
    def draw(query: object) -> tuple[Any, ...]:
        state, series = view(query)
        drawn = render(chart, series, state)
        shown = (drawn.figure, drawn.finding, drawn.message, drawn.source, card_class(drawn))
        return (*shown, drawn.details) if chart.details else shown

    # The browser asks for the table only while it is open.
    app.clientside_callback(
        ClientsideFunction("bellwether", "requestTable"),
        Output(f"table-request-{chart.id}", "data"),
        Output(f"table-panel-{chart.id}", "hidden"),
        Output(f"table-button-{chart.id}", "aria-expanded"),
        Input(f"table-button-{chart.id}", "n_clicks"),
        Input(f"page-{chart.id}", "value"),
        Input("view", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(f"table-{chart.id}", "children"),
        Output(f"page-{chart.id}", "total"),
        Input(f"table-request-{chart.id}", "data"),
        prevent_initial_call=True,
    )
    def tabulate(request: object) -> tuple[Any, int]:
        asked = request if isinstance(request, dict) else {}
        page = asked.get("page")
        state, series = view(asked.get("query"))
        frame, message = values(chart, series, state)
        if frame is None:
            return message, 1
        number = page if isinstance(page, int) else 1
        return value_table(frame, number, chart.title), page_count(frame)
