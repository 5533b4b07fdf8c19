"""A computation on a thread: once for a key, with progress, and never working forever."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Event, Thread, active_count

import pytest

from components.background import in_background
from components.plotting import UnfinishedChartError


class Work:
    """Work that waits to be let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun: list[object] = []
        self.go_on = Event()
        self.error: Exception | None = None

    def __call__(self, key: object, say: Callable[[str], None]) -> str:
        self.begun.append(key)
        say(f"half of {key}")
        assert self.go_on.wait(10)
        if self.error:
            raise self.error
        return f"all of {key}"


@pytest.fixture
def work() -> Work:
    return Work()


def finished(get: Callable[[object], str], key: object) -> str:
    """Ask until it is over."""
    for _ in range(1000):
        try:
            return get(key)
        except UnfinishedChartError:
            continue
    raise AssertionError


def test_it_says_how_far_it_is_until_it_is_there(work: Work) -> None:
    get = in_background(work, patience=0.02)
    for _ in range(3):
        with pytest.raises(UnfinishedChartError, match="half of a"):
            get("a")
    work.go_on.set()
    assert finished(get, "a") == "all of a"
    assert get("a") == "all of a"
    assert work.begun == ["a"]


def test_what_is_quick_is_waited_for(work: Work) -> None:
    work.go_on.set()
    assert in_background(work, patience=10)("a") == "all of a"


def test_many_who_ask_at_once_share_one_computation(work: Work) -> None:
    get, together, answers = in_background(work, patience=10), Barrier(8), []

    def ask() -> None:
        together.wait()
        answers.append(get("a"))

    readers = [Thread(target=ask) for _ in range(8)]
    for reader in readers:
        reader.start()
    work.go_on.set()
    for reader in readers:
        reader.join()
    assert answers == ["all of a"] * 8
    assert work.begun == ["a"]


def test_a_failure_is_raised_for_everyone_and_tried_again_later(work: Work) -> None:
    work.error = ValueError("no")
    work.go_on.set()
    get = in_background(work, patience=10, retry=1000)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            get("a")
    assert work.begun == ["a"]

    get = in_background(work, patience=10, retry=0)
    with pytest.raises(ValueError, match="no"):
        get("a")
    work.error = None
    assert get("a") == "all of a"


def test_the_latest_asked_for_are_remembered(work: Work) -> None:
    work.go_on.set()
    get = in_background(work, most=2, patience=10)
    for key in ("a", "b", "a", "c"):  # "b" is the one not asked for longest
        get(key)
    assert work.begun == ["a", "b", "c"]
    get("a")
    assert work.begun == ["a", "b", "c"]
    get("b")
    assert work.begun == ["a", "b", "c", "b"]


def test_what_is_no_longer_wanted_ends_and_one_is_computed_at_a_time() -> None:
    """As while prices arrive one by one, and every one of them makes a new key."""
    at_work, most_at_work, ended = [], [], []

    def work(key: object, say: Callable[[str], None]) -> object:
        at_work.append(key)
        most_at_work.append(len(at_work))
        try:
            for step in range(200):
                say(f"{step} of 200")
                time.sleep(0.002)
            ended.append(key)
            return key
        finally:
            at_work.remove(key)

    get = in_background(work, patience=0.01, keep=0)
    for key in range(20):
        with pytest.raises(UnfinishedChartError):
            get(key)
    assert finished(get, 19) == 19
    assert ended == [19]
    assert set(most_at_work) == {1}
    # One that was ended is begun again for whoever still wants it.
    assert finished(get, 3) == 3


def test_several_who_go_on_asking_are_all_answered() -> None:
    """As readers of pages whose data differ."""

    def work(key: object, say: Callable[[str], None]) -> object:
        for step in range(50):
            say(f"{step} of 50")
            time.sleep(0.002)
        return key

    get, missing, begun = in_background(work, patience=0.01), set("abcdef"), time.monotonic()
    while missing and time.monotonic() - begun < 10:
        for key in sorted(missing):
            with suppress(UnfinishedChartError):
                missing.discard(get(key))
    assert not missing


def test_however_many_are_asked_for_so_many_threads_wait_and_no_more(work: Work) -> None:
    get, before = in_background(work, most=4, patience=0.01, keep=60), active_count()
    for key in range(50):
        with pytest.raises(UnfinishedChartError):
            get(key)
    assert active_count() - before == 4
    with pytest.raises(UnfinishedChartError, match="Others are being computed first"):
        get("one more")
    work.go_on.set()
    assert [finished(get, key) for key in range(50)] == [f"all of {key}" for key in range(50)]


def test_a_thread_that_a_fork_left_behind_is_not_waited_for(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = in_background(work, patience=0.02)
    with pytest.raises(UnfinishedChartError):
        get("a")
    monkeypatch.setattr(Thread, "is_alive", lambda _: False)
    with pytest.raises(UnfinishedChartError):
        get("a")
    assert work.begun == ["a", "a"]
    work.go_on.set()
