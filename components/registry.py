"""Every chart there is. Adding one is one file and one line here."""

from components import matrix, overlay, rolling_correlation

CHARTS = {chart.id: chart for chart in (overlay.CHART, rolling_correlation.CHART, matrix.CHART)}
