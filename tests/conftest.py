"""Which tests stay together when `make test` runs two processes; the same examples in each run."""

import pytest
from hypothesis import settings

# The same examples in every run, however long one takes: a suite fails by a fault, not by luck.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests together, which share what is costly to make.

    Files marked with a group of their own are kept together too: those that look at the clock,
    and those that keep both cores busy.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
