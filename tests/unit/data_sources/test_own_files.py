"""Bellwether's own files put back: the prices are read, anything else is said to be none."""

from datetime import date
from pathlib import Path

import flask.testing
import pytest

from app import create_app
from components.registry import CHARTS
from data_sources.catalog import CATALOG
from data_sources.errors import BadFile
from data_sources.files.catalog_file import Hints
from data_sources.files.own_export import OVERLAY
from data_sources.files.reading import read_file
from data_sources.market import open_market
from data_sources.series import Series
from settings import Settings

QUICK = ["rolling-correlation", "matrix", "breakouts", "event-paths", "event-odds", "cycles"]


@pytest.fixture(scope="module")
def site() -> flask.testing.FlaskClient:
    return create_app(Settings(data="sample")).server.test_client()


def saved(site: flask.testing.FlaskClient, folder: Path, address: str) -> Path:
    answer = site.get(address)
    assert answer.status_code == 200
    path = folder / "saved.csv"
    path.write_bytes(answer.data)
    return path


def read(path: Path) -> dict[str, Series | BadFile]:
    return read_file(path, CATALOG, Hints(), date(2026, 12, 1))


def test_the_first_chart_is_read_as_the_series_it_holds(
    site: flask.testing.FlaskClient, tmp_path: Path
) -> None:
    found = read(saved(site, tmp_path, "/chart/overlay.csv?s=RUT~IWN&c=BTC&scale=price"))
    sample = open_market(Settings(data="sample")).series(["RUT", "IWN", "BTC"])
    assert list(found) == ["RUT", "IWN", "BTC"]
    for key, one in found.items():
        assert isinstance(one, Series)
        held = sample[key].close
        shown = held[held.index >= one.close.index[0]]
        assert one.close.equals(shown.rename(key))
        assert one.source == "file saved.csv, simulated prices"


def test_the_first_chart_on_another_scale_is_no_prices(
    site: flask.testing.FlaskClient, tmp_path: Path
) -> None:
    for scale in ("", "&scale=z", "&scale=drawdown"):
        path = saved(site, tmp_path, f"/chart/overlay.csv?v=1{scale}")
        with pytest.raises(BadFile, match="on another scale than Price, so that its values are no"):
            read(path)


@pytest.mark.parametrize("card", QUICK)
def test_other_charts_are_no_prices(
    site: flask.testing.FlaskClient, tmp_path: Path, card: str
) -> None:
    path = saved(site, tmp_path, f"/chart/{card}.csv?scale=price")
    with pytest.raises(BadFile) as caught:
        read(path)
    assert str(caught.value) == (
        f"saved.csv: Bellwether's own file of the chart '{CHARTS[card].title}', which holds no "
        f"prices; that of '{OVERLAY}' on the scale Price can be read"
    )


def test_the_chart_is_known_by_its_title() -> None:
    assert CHARTS["overlay"].title == OVERLAY
