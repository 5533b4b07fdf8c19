"""The baseline: the dashboard as it is usually written, one server callback per slider move."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html


def create_app(closes: pd.DataFrame) -> Dash:
    """An app that answers each move of its slider with the whole figure."""
    app = Dash(__name__)
    app.layout = html.Div(
        [
            dcc.Slider(5, 500, 1, value=90, id="window", marks=None, updatemode="drag"),
            dcc.Graph(id="correlation", figure=figure(closes, 90)),
        ]
    )

    @app.callback(
        Output("correlation", "figure"), Input("window", "value"), prevent_initial_call=True
    )
    def draw(window: int) -> go.Figure:
        return figure(closes, window)

    return app


def figure(closes: pd.DataFrame, window: int) -> go.Figure:
    """Rolling correlation of the two columns of prices with its 95% band."""
    returns = np.log(closes).diff().dropna()
    correlation = returns.iloc[:, 0].rolling(window).corr(returns.iloc[:, 1])
    reach = 1.96 / np.sqrt(window - 3)
    low, high = (np.tanh(np.arctanh(correlation) + sign * reach) for sign in (-1, 1))
    fig = go.Figure(layout={"title": f"{window}-session correlation", "yaxis_range": [-1, 1]})
    fig.add_scatter(x=low.index, y=low, line={"width": 0}, showlegend=False)
    fig.add_scatter(x=high.index, y=high, line={"width": 0}, fill="tonexty", name="95% band")
    fig.add_scatter(x=correlation.index, y=correlation, name="correlation")
    return fig
