"""The statistics: pure numpy and pandas, no I/O, no web framework."""
