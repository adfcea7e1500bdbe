"""Chain ids: the identity of a stack of layers (OCI image spec, "Layer ChainID")."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.oci.digest import Digest, of_bytes


def chain_id(diff_ids: Sequence[Digest]) -> Digest:
    """The identity of all of ``diff_ids``, lowest first, applied one upon the other.

    Raises ValueError for no layers: such an image has no chain.
    """
    if not diff_ids:
        raise ValueError("no layers, no chain id")
    return chain_ids(diff_ids)[-1]


def chain_ids(diff_ids: Sequence[Digest]) -> list[Digest]:
    """The chain id of each prefix of ``diff_ids``: one per layer, the lowest layer's first."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        chain.append(of_bytes(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain
