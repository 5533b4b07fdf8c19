"""The charts: one file each, with the four functions of the contract in components/chart.py."""
