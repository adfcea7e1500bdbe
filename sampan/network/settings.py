"""What the daemon's settings say about networks."""

from __future__ import annotations

import dataclasses
import hashlib

DEFAULT_POOLS: tuple[tuple[str, int], ...] = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
"""Docker's own default pools: blocks, and the prefix length of the subnets cut from each."""

_LINK_PREFIX = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """``prefix`` begins the names of everything made on the host; ``bip`` is the default bridge's
    own address with prefix length, ``bridge`` an existing bridge to use instead of our own, or
    ``none`` for no default network.
    """

    prefix: str = "sampan"
    bridge: str = ""
    bip: str = ""
    pools: tuple[tuple[str, int], ...] = DEFAULT_POOLS
    mtu: int = 1500
    ip_forward: bool = True

    @property
    def bridge_name(self) -> str:
        """The default bridge's interface."""
        return self.bridge or f"{self.prefix}0"

    @property
    def has_bridge(self) -> bool:
        """Whether there is a default network."""
        return self.bridge != "none"

    @property
    def owns_bridge(self) -> bool:
        """Whether the default bridge is ours to make and remove."""
        return not self.bridge

    @property
    def link_prefix(self) -> str:
        """Begins the names of the interfaces that are ours: seven bytes, which leave eight for an id.

        A longer prefix is shortened by its hash, so that no two daemons share one.
        """
        prefix = self.prefix
        if len(prefix) > _LINK_PREFIX:
            prefix = prefix[:2] + hashlib.sha256(prefix.encode()).hexdigest()[: _LINK_PREFIX - 2]
        return f"{prefix}v"

    @property
    def table(self) -> str:
        """The nftables table that is ours alone."""
        return self.prefix
