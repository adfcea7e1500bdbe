"""Holds: what running transfers need, kept from the sweep until an image refers to it.

A hold lives in memory alone: after a crash no transfer runs, and what it had begun is
garbage.
"""

from __future__ import annotations

import collections
import contextlib
import threading
from collections.abc import Iterator


class Hold:
    """One transfer's claim on blobs (by digest) and snapshots (by key)."""

    def __init__(self, owner: Holds) -> None:
        self._owner = owner
        self._kept: list[str] = []

    def keep(self, *keys: str) -> None:
        """Protect ``keys`` from now until the hold ends, whether they exist yet or not.

        Keep first, then look whether it is there: what is there then stays.
        """
        with self._owner.lock:
            self._kept.extend(keys)
            self._owner.counts.update(keys)

    @contextlib.contextmanager
    def settling(self) -> Iterator[None]:
        """No sweep runs inside the block: for things whose name is known only once they exist."""
        with self._owner.lock:
            yield

    def release(self) -> None:
        """End the claim; idempotent."""
        with self._owner.lock:
            self._owner.counts.subtract(self._kept)
            for key in self._kept:
                if self._owner.counts[key] <= 0:
                    del self._owner.counts[key]
            self._kept.clear()


class Holds:
    """All holds of the daemon; usable from any thread.

    The sweep holds ``lock`` from reading ``held`` until it has deleted.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.counts: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def hold(self) -> Iterator[Hold]:
        """A hold that ends with the block."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            hold.release()

    def held(self) -> frozenset[str]:
        """Everything now kept."""
        with self.lock:
            return frozenset(self.counts)
