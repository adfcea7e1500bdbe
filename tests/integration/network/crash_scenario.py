"""A daemon's network part that lives until the fault point named in the environment, if it gets there.

Run by the tests; the arguments are a directory, a prefix and the bridge's address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sampan.metadata.database import Database
from sampan.network.networks import Networks
from sampan.network.settings import NetworkSettings


async def _main(root: Path, prefix: str, bip: str) -> None:
    settings = NetworkSettings(prefix=prefix, bip=bip)
    networks = Networks(db=Database.open(root / "a.db"), exec_root=root, settings=settings)
    await networks.start()
    await networks.create_sandbox("d" * 64, mode="bridge", endpoints={}, hostname="h")
    await networks.remove_sandbox("d" * 64)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
