"""Frozen links: views whose data never change, whatever is refreshed."""

import hashlib
import secrets
import string
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from data_sources.errors import NotPossible
from data_sources.series import Series
from data_sources.snapshot import Snapshot
from data_sources.store import FrozenLink, LazyStore, about_series, key_of

MOST_LINKS = 10_000
"""Frozen links of readers that one store holds."""
MOST_TOLD = 200
"""Frozen links of a feed's events that one store holds: decades of them."""

# Letters and digits only: a chat program may take a sign at the end for punctuation.
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 22  # 131 bits


@dataclass(frozen=True)
class Frozen:
    """A frozen link with its data."""

    link: FrozenLink
    snapshot: Snapshot


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FrozenLinks:
    """The frozen links of a store, which is opened when the first is made or read.

    Every method raises `StoreUnavailable` or `StoreTooNew` when the store cannot be used.

    Parameters
    ----------
    store
        Where they are kept.
    clock
        The current time, with a time zone.
    """

    def __init__(self, store: LazyStore, clock: Callable[[], datetime] = _utc_now) -> None:
        self._store = store
        self._clock = clock
        # A link's series are read once; the link itself each time, as it may be gone.
        self._series = lru_cache(maxsize=16)(self._read)

    def make(
        self,
        page: str,
        query: str,
        snapshot: Snapshot,
        *,
        title: str = "",
        note: str = "",
        days: int | None = None,
        event: str | None = None,
    ) -> tuple[str, str]:
        """Freeze a view with its data.

        Parameters
        ----------
        page, query, title, note, event
            As in `FrozenLink`.
        snapshot
            The data: every series of it is kept.
        days
            After which it expires; None for never.

        Returns
        -------
        tuple of str
            Its id, and the secret that deletes it. Of an event that has a link already, the id
            is that link's and the secret is good for nothing.

        Raises
        ------
        NotPossible
            When there are as many as there may be.
        """
        now = self._clock()
        held = {key_of(one): one for one in _all(snapshot)}
        secret = _random()
        link = FrozenLink(
            id=_random(),
            page=page,
            query=query,
            series={key: one.content_hash for key, one in held.items()},
            about={key: about_series(one) for key, one in held.items()},
            title=title,
            note=note,
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
            secret=_hashed(secret),
            event=event,
        )
        most = MOST_LINKS if event is None else MOST_TOLD
        id_ = self._store.opened().freeze(link, held.values(), most)
        if id_ is None:
            raise NotPossible(f"There are {most:,} frozen links here: that is the most.")
        return id_, secret

    def find(self, id_: str) -> Frozen | None:
        """The frozen link with this id; None when there is none, or none any more.

        Raises
        ------
        CorruptBlob
            When its data are damaged.
        """
        link = self._store.opened().frozen(id_)
        return None if link is None else Frozen(link, self._series(id_))

    def told(self, events: Iterable[str]) -> dict[str, FrozenLink]:
        """The links that tell of these events, by event; of those that were made."""
        return self._store.opened().told(events)

    def delete(self, id_: str, secret: str) -> bool:
        """Delete a frozen link; whether there was one with this secret."""
        return self._store.opened().thaw(id_, _hashed(secret))

    def _read(self, id_: str) -> Snapshot:
        store = self._store.opened()
        link = store.frozen(id_)
        held = {} if link is None else store.named_by(link)
        is_sample = any(one.is_sample for one in held.values())
        return Snapshot(
            {one.id: one for one in held.values() if one.day_end != "nyclose"},
            (),
            is_sample=is_sample,
            label="Frozen sample data" if is_sample else "Frozen data",
            new_york={one.id: one for one in held.values() if one.day_end == "nyclose"},
        )


def excerpt(snapshot: Snapshot, ids: Collection[str]) -> Snapshot:
    """Only these instruments of a snapshot; why a value is not newer will soon be untrue."""

    def kept(held: Mapping[str, Series]) -> dict[str, Series]:
        return {i: replace(one, stale="") for i, one in held.items() if i in ids}

    return replace(
        snapshot, series=kept(snapshot.series), new_york=kept(snapshot.new_york), problems=()
    )


def _all(snapshot: Snapshot) -> list[Series]:
    return [*snapshot.series.values(), *snapshot.new_york.values()]


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
