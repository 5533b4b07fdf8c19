"""Every chart there is. Adding one is one file and one line here."""

from components.charts import (
    breakouts,
    claims,
    cycles,
    event_odds,
    event_paths,
    granger,
    lead_lag,
    lead_lag_map,
    matrix,
    overlay,
    rolling_correlation,
    specification_curve,
)

CHARTS = {
    chart.id: chart
    for chart in (
        overlay.CHART,
        rolling_correlation.CHART,
        matrix.CHART,
        breakouts.CHART,
        event_paths.CHART,
        event_odds.CHART,
        cycles.CHART,
        lead_lag.CHART,
        lead_lag_map.CHART,
        granger.CHART,
        claims.CHART,
        specification_curve.CHART,
    )
}
