"""The door to data: what it holds, how it follows a changing folder, and that it never waits."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_sources.files import folder as folder_module
from data_sources.files.folder import Folder
from data_sources.market import Market, open_market
from settings import Settings

WriteFile = Callable[..., Path]


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def closes(market: Market, name: str) -> list[float]:
    return market.series([name])[name].close.tolist()


def test_sample_market() -> None:
    market = open_market(Settings(data="sample"))
    assert list(market.instruments) == ["RUT", "IWN", "BTC", "ETH", "SOL", "XRP", "GSPC"]
    assert (market.is_sample, market.label, market.problems) == (True, "Sample data", ())
    assert list(market.series(["BTC", "nothing", "RUT"])) == ["BTC", "RUT"]


def test_files_market_puts_the_catalog_first(
    write: WriteFile, rows: list[str], folder: Path
) -> None:
    for name in ("AAA.csv", "BTC-USD.csv", "^RUT.csv", "ZZZ.csv"):
        write(name, rows)
    market = open_market(Settings(data="files", files=folder))
    assert list(market.instruments) == ["RUT", "BTC", "AAA", "ZZZ"]
    assert (market.is_sample, market.label, market.problems) == (False, "Files: prices", ())
    assert list(market.series(["ZZZ", "GSPC", "RUT"])) == ["ZZZ", "RUT"]


def test_a_missing_folder_is_a_problem_and_may_appear(
    tmp_path: Path, clock: Clock, rows: list[str]
) -> None:
    path = tmp_path / "later"
    market = Market(Folder(path, clock=clock).snapshot)
    assert market.problems == ("Folder later cannot be read (No such file or directory)",)
    assert market.series(["RUT"]) == {}
    path.mkdir()
    (path / "RUT.csv").write_text("\n".join(["date,close", *rows]))
    clock.now += 1
    assert list(market.instruments) == ["RUT"]
    assert market.problems == ()


def test_an_empty_folder_is_a_problem(folder: Path) -> None:
    problem = "Folder prices holds no usable price file"
    assert open_market(Settings(data="files", files=folder)).problems == (problem,)


def test_of_two_files_for_one_instrument_the_first_counts(
    write: WriteFile, rows: list[str], folder: Path
) -> None:
    write("BTC-USD.csv", rows)
    write("BTC.csv", [row.replace(",1", ",2") for row in rows])
    market = open_market(Settings(data="files", files=folder))
    assert market.problems == ("BTC.csv: BTC is already read from BTC-USD.csv",)
    assert closes(market, "BTC")[0] == 100.5


def test_of_two_files_for_one_instrument_the_readable_one_serves(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock
) -> None:
    write("BTC-USD.csv", [*rows[:11], "2024-01-16,oops"])
    write("BTC.csv", [row.replace(",1", ",2") for row in rows])
    market = Market(Folder(folder, clock=clock).snapshot)
    unreadable = "BTC-USD.csv, line 13: close 'oops' is not a number"
    assert market.problems == (unreadable,)
    assert closes(market, "BTC")[0] == 200.5
    write("BTC-USD.csv", rows)
    clock.now += 1
    assert market.problems == ("BTC.csv: BTC is already read from BTC-USD.csv",)
    assert closes(market, "BTC")[0] == 100.5
    write("BTC-USD.csv", [*rows[:11], "2024-01-16,oops"])
    clock.now += 1
    assert closes(market, "BTC")[0] == 200.5  # what can be read now, before a copy


def test_a_file_of_its_own_comes_before_a_column_of_another(
    write: WriteFile, rows: list[str], folder: Path
) -> None:
    write("ALL.csv", [f"{row},{n + 7}" for n, row in enumerate(rows)], "date,RUT,BTC")
    write("RUT.csv", [row.replace(",1", ",2") for row in rows])
    market = open_market(Settings(data="files", files=folder))
    assert market.problems == ("ALL.csv: RUT is already read from RUT.csv",)
    assert (closes(market, "RUT")[0], closes(market, "BTC")[0]) == (200.5, 7)


def test_a_column_that_turned_bad_keeps_its_last_good_copy(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock
) -> None:
    write("ALL.csv", [f"{row},7" for row in rows], "date,RUT,BTC")
    market = Market(Folder(folder, clock=clock).snapshot)
    write("ALL.csv", [f"{row},{'oops' if n == 3 else 8}" for n, row in enumerate(rows)],
          "date,RUT,BTC")  # fmt: skip
    clock.now += 1
    assert (closes(market, "RUT")[0], closes(market, "BTC")[0]) == (100.5, 7)
    (problem,) = market.problems
    assert problem.startswith("ALL.csv, line 5: BTC 'oops' is not a number; keeping the copy from")


def test_the_catalog_file_settles_what_can_be_read_two_ways(
    write: WriteFile, folder: Path, clock: Clock
) -> None:
    write("^RUT.csv", [f"0{n}/01/2024,{n}.029" for n in range(1, 10)] + ["10/01/2024,989"])
    market = Market(Folder(folder, clock=clock).snapshot)
    assert market.problems[0].startswith("^RUT.csv, line 2: close '1.029' can be read as")
    write("catalog.csv", ['RUT,,,",",dmy'], "id,name,kind,decimal,dates")
    clock.now += 1
    assert market.problems == ()
    series = market.series(["RUT"])["RUT"]
    assert series.close.iloc[[0, -1]].tolist() == [1029, 989]
    assert f"{series.as_of:%Y-%m-%d}" == "2024-01-10"
    assert series.instrument.name == "Russell 2000"


def test_a_changed_file_shows_after_a_second(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock
) -> None:
    write("RUT.csv", rows)
    market = Market(Folder(folder, clock=clock).snapshot)
    write("RUT.csv", rows[:11])
    clock.now += 0.99
    assert len(closes(market, "RUT")) == 12
    clock.now += 0.01
    assert len(closes(market, "RUT")) == 11


def test_files_come_and_go(write: WriteFile, rows: list[str], folder: Path, clock: Clock) -> None:
    write("RUT.csv", rows)
    market = Market(Folder(folder, clock=clock).snapshot)
    write("BTC.csv", rows)
    (folder / "RUT.csv").unlink()
    clock.now += 1
    assert list(market.instruments) == ["BTC"]


def test_an_unchanged_file_is_not_read_again(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("RUT.csv", rows)
    write("BTC.csv", rows)
    market = Market(Folder(folder, clock=clock).snapshot)
    read: list[str] = []
    original = folder_module.read_file
    monkeypatch.setattr(
        folder_module,
        "read_file",
        lambda path, *rest: read.append(path.name) or original(path, *rest),
    )
    write("BTC.csv", rows[:11])
    clock.now += 1
    before = market.series(["RUT"])["RUT"]
    assert read == ["BTC.csv"]
    clock.now += 1
    assert market.series(["RUT"])["RUT"] is before
    assert read == ["BTC.csv"]


def test_the_last_good_copy_of_a_file_that_turned_bad_is_kept(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock
) -> None:
    path = write("NEW.csv", rows)
    good = datetime(2024, 5, 1, 14, 2, tzinfo=UTC).timestamp()
    os.utime(path, (good, good))
    market = Market(Folder(folder, clock=clock).snapshot)
    write("NEW.csv", [*rows[:11], "2024-01-16,oops"])
    clock.now += 1
    assert len(closes(market, "NEW")) == 12
    kept = "NEW.csv, line 13: close 'oops' is not a number; keeping the copy from 14:02 UTC"
    assert market.problems == (kept,)
    clock.now += 1
    assert market.problems == (kept,)
    write("NEW.csv", rows[:11])
    clock.now += 1
    assert len(closes(market, "NEW")) == 11
    assert market.problems == ()


def test_catalog_file_names_overrides_and_reports(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock
) -> None:
    zero = ["2024-01-01,0", *rows[1:]]
    write("rate.csv", zero)
    write("IWC.csv", rows)
    write("IWM.csv", rows)
    market = Market(Folder(folder, clock=clock).snapshot)
    assert market.problems == ("rate.csv, line 2: close is 0, must be above zero",)
    write(
        "catalog.csv",
        ["RATE,A rate,macro,", "MICRO,Micro caps,equity,IWC", "IWM,Mine,equity,", "X,Y,Z,"],
        "id,name,kind,symbols",
    )
    clock.now += 1
    named = {i.id: (i.name, i.kind) for i in market.instruments.values()}
    assert named == {
        "IWM": ("Mine", "equity"),
        "RATE": ("A rate", "macro"),
        "MICRO": ("Micro caps", "equity"),
    }
    assert len(market.problems) == 1
    assert market.problems[0].startswith("catalog.csv, line 5: kind 'Z' is none of")


def test_nobody_waits_while_another_thread_reads(
    write: WriteFile, rows: list[str], folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("RUT.csv", rows)
    market = Market(Folder(folder, clock=clock).snapshot)
    reading, go_on = threading.Event(), threading.Event()
    original = folder_module.read_file

    def slow_read(*arguments: object) -> object:
        reading.set()
        assert go_on.wait(10)
        return original(*arguments)

    monkeypatch.setattr(folder_module, "read_file", slow_read)
    write("RUT.csv", rows[:11])
    clock.now += 1
    reader = threading.Thread(target=market.series, args=(["RUT"],))
    reader.start()
    assert reading.wait(10)
    assert len(closes(market, "RUT")) == 12
    go_on.set()
    reader.join(10)
    assert len(closes(market, "RUT")) == 11


def test_importing_the_door_does_not_load_the_exchange_calendar() -> None:
    check = "import sys, data_sources.market; sys.exit('exchange_calendars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_warm_read_of_twenty_series_takes_no_time(
    write: WriteFile, rows: list[str], folder: Path
) -> None:
    names = [f"S{n}" for n in range(20)]
    for name in names:
        write(f"{name}.csv", rows)
    market = open_market(Settings(data="files", files=folder))
    assert len(market.series(names)) == 20

    def seconds() -> float:
        start = time.perf_counter()
        market.series(names)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(100)) < 1e-4
