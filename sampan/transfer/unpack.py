"""From a layer's blob to a committed snapshot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.images.holds import Hold
from sampan.images.layers import UNPACK_PREFIX, Layer, LayerStore
from sampan.linux.offload import offload
from sampan.log import get_logger
from sampan.oci.chain import chain_id
from sampan.oci.digest import Digest
from sampan.transfer.incoming import LayerBlob, new_key
from sampan.transfer.ports import Applied, ApplyLayer, BlobStore, Snapshots

log = get_logger(__name__)


class Unpacker:
    """Unpacks layers, each chain once, however many transfers want it at the same time."""

    def __init__(
        self, *, content: BlobStore, snapshots: Snapshots, layers: LayerStore, apply: ApplyLayer
    ) -> None:
        self._content = content
        self._snapshots = snapshots
        self._layers = layers
        self._apply = apply
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    async def unpack(
        self, blob: LayerBlob, *, below: list[Digest], diff_id: Digest | None, hold: Hold
    ) -> Layer:
        """Make the snapshot of ``blob`` upon the layers ``below`` (DiffIDs, lowest first).

        ``diff_id`` is what the layer must be; None takes it as it is. The snapshot's name
        is the chain id, and ``hold`` keeps it. Cancelling leaves no snapshot behind.

        Raises:
            InvalidArgument: the blob is damaged, hostile, or another layer than ``diff_id``.
            NotFound: the layers below, or the blob, are gone.
        """
        if diff_id is None:
            return await self._make(blob, below, None, hold)
        chain = chain_id([*below, diff_id])
        hold.keep(chain, diff_id)
        async with self._turn(chain):
            known = await offload(self._known, chain, diff_id)
            return known or await self._make(blob, below, diff_id, hold)

    async def known(self, below: list[Digest], diff_id: Digest, hold: Hold) -> Layer | None:
        """The layer, if it is already unpacked upon those below; ``hold`` keeps it then."""
        chain = chain_id([*below, diff_id])
        hold.keep(chain, diff_id)
        return await offload(self._known, chain, diff_id)

    def _known(self, chain: Digest, diff_id: Digest) -> Layer | None:
        return self._layers.find(diff_id) if self._snapshots.exists(chain) else None

    async def _make(self, blob: LayerBlob, below: list[Digest], diff_id: Digest | None, hold: Hold) -> Layer:
        key = new_key(UNPACK_PREFIX.rstrip("-"))
        hold.keep(key)
        await offload(self._snapshots.prepare, key, chain_id(below) if below else None)
        try:
            applied = await self._apply(
                self._content.path(blob.digest),
                target=self._snapshots.upper_dir(key),
                lower=self._snapshots.lower_dirs(key),
            )
            if diff_id is not None and applied.diff_id != diff_id:
                raise InvalidArgument(
                    f"the layer's content is {applied.diff_id}, its image says {diff_id}",
                    kind="layer",
                    ref=diff_id,
                )
            return await self._commit(key, below, blob, applied, hold)
        except BaseException:
            await asyncio.shield(offload(self._drop, key))
            raise

    async def _commit(
        self, key: str, below: list[Digest], blob: LayerBlob, applied: Applied, hold: Hold
    ) -> Layer:
        layer = Layer(
            diff_id=applied.diff_id,
            size_bytes=applied.size_bytes,
            media_type=blob.media_type,
            blob=blob.digest,
        )
        chain = chain_id([*below, applied.diff_id])
        hold.keep(chain, applied.diff_id)
        return await offload(self._settle, key, chain, layer)

    def _settle(self, key: str, chain: Digest, layer: Layer) -> Layer:
        # The row before the snapshot: a snapshot without its row would have to be unpacked again.
        known = self._layers.find(layer.diff_id)
        if known is None or known.blob is None:
            self._layers.put(layer)
        try:
            self._snapshots.commit(chain, key)
        except Conflict:
            if not self._snapshots.exists(chain):
                raise
            self._drop(key)
        return known or layer

    def _drop(self, key: str) -> None:
        with contextlib.suppress(NotFound):
            self._snapshots.remove(key)

    @contextlib.asynccontextmanager
    async def _turn(self, chain: Digest) -> AsyncIterator[None]:
        """One at a time for each chain."""
        lock, waiting = self._turns.get(chain, (asyncio.Lock(), 0))
        self._turns[chain] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._turns[chain]
            if waiting == 1:
                del self._turns[chain]
            else:
                self._turns[chain] = (lock, waiting - 1)
