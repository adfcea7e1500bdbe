"""Sandboxes on the default bridge: real namespaces, a real bridge, real rules."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sampan.errors import Conflict, InvalidArgument, NotFound, Unavailable
from sampan.linux.fault import POINTS
from sampan.linux.mounts import mounted_under
from sampan.linux.nftables import Nftables
from sampan.metadata.database import Database
from sampan.models.network import EndpointIPAMConfig, EndpointSettings
from sampan.network.networks import Networks
from sampan.network.record import Sandbox
from sampan.network.settings import NetworkSettings

_EGRESS = Path(__file__).with_name("egress_scenario.py")
_CRASH = Path(__file__).with_name("crash_scenario.py")


def _prefix() -> str:
    return f"stst{secrets.token_hex(2)}"


def _settings(**changes: object) -> NetworkSettings:
    third = secrets.randbelow(200)
    return NetworkSettings(prefix=_prefix(), bip=f"10.199.{third}.1/24", **changes)  # type: ignore[arg-type]


def _cid(number: int) -> str:
    return f"{number:064x}"


class Rig:
    def __init__(self, root: Path, settings: NetworkSettings) -> None:
        self.root = root
        self.settings = settings
        self.db = Database.open(root / "a.db")
        self.networks = self.open()

    def open(self) -> Networks:
        return Networks(db=self.db, exec_root=self.root, settings=self.settings)

    async def sandbox(self, number: int, mode: str = "bridge", **asked: object) -> Sandbox:
        endpoints = {mode: EndpointSettings(**asked)} if asked else {}  # type: ignore[arg-type]
        return await self.networks.create_sandbox(
            _cid(number), mode=mode, endpoints=endpoints, hostname=f"h{number}"
        )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path, _settings())
    await rig.networks.start()
    yield rig
    await rig.networks.teardown()
    rig.db.close()


def _in(sandbox: Sandbox, *command: str) -> subprocess.CompletedProcess[str]:
    assert sandbox.key_path is not None
    argv = ["nsenter", f"--net={sandbox.key_path}", *command]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)


def _namespace(sandbox: Sandbox) -> int:
    assert sandbox.key_path is not None
    return Path(sandbox.key_path).stat().st_ino


def _ping(sandbox: Sandbox, address: str) -> bool:
    return _in(sandbox, "/bin/busybox", "ping", "-c", "1", "-W", "2", address).returncode == 0


async def test_a_sandbox_reaches_the_host_and_has_what_it_needs(rig: Rig) -> None:
    one = await rig.sandbox(1)
    first = one.endpoints["bridge"]
    assert _ping(one, first.gateway)
    assert "default via " + first.gateway in _in(one, "ip", "route").stdout
    links = _in(one, "ip", "-o", "link").stdout
    assert first.mac_address in links
    assert "LOOPBACK,UP" in links
    assert "fe80" not in _in(one, "ip", "addr", "show", "eth0").stdout


async def test_none_has_loopback_alone_and_host_has_no_namespace(rig: Rig) -> None:
    alone = await rig.sandbox(1, "none")
    assert "eth0" not in _in(alone, "ip", "link").stdout
    assert _ping(alone, "127.0.0.1")
    host = await rig.sandbox(2, "host")
    assert host.key_path is None
    assert host.endpoints["host"].network_id


async def test_a_container_joins_anothers_sandbox(rig: Rig) -> None:
    one = await rig.sandbox(1)
    joined = await rig.sandbox(2, f"container:{_cid(1)}")
    assert _namespace(joined) == _namespace(one)
    further = await rig.sandbox(4, f"container:{_cid(2)}")
    assert _namespace(further) == _namespace(one)
    with pytest.raises(NotFound, match="does not run"):
        await rig.sandbox(3, f"container:{_cid(9)}")


async def test_an_unknown_network_is_named(rig: Rig) -> None:
    with pytest.raises(NotFound, match="network nowhere not found"):
        await rig.sandbox(1, "nowhere")


def test_a_host_passes_on_for_its_containers_alone(tmp_path: Path) -> None:
    """In a host of its own, where no other firewall has a say (Docker's drops what it does not know)."""
    isolated = ["unshare", "--net", "--mount", "--propagation", "private"]
    argv = [*isolated, sys.executable, str(_EGRESS), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "forwarding": "1",
        "neighbour": True,
        "world": True,
        "from outside in": False,
        "outside to outside": False,
        "outside to outside after a restart": False,
        "world after a restart": True,
        "tables left": "",
    }


def test_another_firewall_that_drops_is_named(tmp_path: Path) -> None:
    rules = "table ip other { chain keep { type filter hook forward priority 0; policy drop; }; }"
    program = (
        "import asyncio, pathlib, sys\n"
        "from sampan.linux.nftables import Nftables\n"
        "from sampan.log import configure\n"
        "from sampan.metadata.database import Database\n"
        "from sampan.network.networks import Networks\n"
        "from sampan.network.settings import NetworkSettings\n"
        "configure('info')\n"
        f"Nftables().run({rules!r})\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "db = Database.open(root / 'a.db')\n"
        "settings = NetworkSettings(prefix='stst', bip='10.199.9.1/24')\n"
        "asyncio.run(Networks(db=db, exec_root=root, settings=settings).start())\n"
    )
    argv = ["unshare", "--net", sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'chains="ip other keep"' in done.stderr
    assert "bridge=stst0" in done.stderr


async def test_fifty_at_once_have_fifty_addresses(rig: Rig) -> None:
    made = await asyncio.gather(*(rig.sandbox(number) for number in range(50)))
    addresses = {sandbox.endpoints["bridge"].ip_address for sandbox in made}
    assert len(addresses) == 50
    assert rig.settings.bip.partition("/")[0] not in addresses


async def test_a_fixed_address_is_given_once(rig: Rig) -> None:
    subnet = ipaddress.ip_interface(rig.settings.bip).network
    wanted = str(subnet[77])
    config = EndpointIPAMConfig(ipv4_address=wanted)
    sandbox = await rig.sandbox(1, ipam_config=config)
    assert sandbox.endpoints["bridge"].ip_address == wanted
    with pytest.raises(Conflict, match="already in use"):
        await rig.sandbox(2, ipam_config=config)
    with pytest.raises(InvalidArgument, match="not in subnet"):
        await rig.sandbox(3, ipam_config=EndpointIPAMConfig(ipv4_address="192.0.2.1"))
    assert len((await rig.networks.inspect("bridge")).containers) == 1


async def test_an_exhausted_subnet_says_so_and_a_removal_frees(tmp_path: Path) -> None:
    rig = Rig(tmp_path, NetworkSettings(prefix=_prefix(), bip="10.199.250.1/29"))
    await rig.networks.start()
    try:
        for number in range(5):
            await rig.sandbox(number)
        with pytest.raises(Unavailable, match=r"no address is free in 10\.199\.250\.0/29"):
            await rig.sandbox(9)
        await rig.networks.remove_sandbox(_cid(3))
        await rig.sandbox(9)
    finally:
        await rig.networks.teardown()
        rig.db.close()


async def test_a_restart_keeps_the_living_and_clears_the_dead(rig: Rig) -> None:
    living, _ = await rig.sandbox(1), await rig.sandbox(2)
    (rig.root / "netns" / _cid(7)).touch()
    again = rig.open()
    await again.start()
    await again.reconcile([_cid(1)])
    assert [path.name for path in (rig.root / "netns").iterdir()] == [_cid(1)]
    assert list((await again.inspect("bridge")).containers) == [_cid(1)]
    assert _ping(living, living.endpoints["bridge"].gateway)
    assert len(os.listdir(f"/sys/class/net/{rig.settings.bridge_name}/brif")) == 1


async def test_who_joined_lives_on_without_the_owners_address(rig: Rig) -> None:
    """The owner's address may be given to somebody else while its namespace is still in use."""
    owner = await rig.sandbox(1)
    joined = await rig.sandbox(2, f"container:{_cid(1)}")
    assert "eth0" in _in(joined, "ip", "link").stdout
    # The next daemon sees from the files alone that the namespace is shared.
    again = rig.open()
    await again.start()
    await again.reconcile([_cid(1), _cid(2)])
    await again.remove_sandbox(_cid(1))
    assert "eth0" not in _in(joined, "ip", "link").stdout
    assert _ping(joined, "127.0.0.1")
    address = owner.endpoints["bridge"].ip_address
    config = EndpointIPAMConfig(ipv4_address=address)
    next_one = await again.create_sandbox(
        _cid(3), mode="bridge", endpoints={"bridge": EndpointSettings(ipam_config=config)}, hostname="h"
    )
    assert next_one.endpoints["bridge"].ip_address == address
    assert _ping(next_one, next_one.endpoints["bridge"].gateway)
    await again.reconcile(())


async def test_what_an_administrator_plugged_in_stays(rig: Rig) -> None:
    name = f"x{secrets.token_hex(4)}"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"], check=True)
    subprocess.run(["ip", "link", "set", name, "master", rig.settings.bridge_name], check=True)
    try:
        await rig.networks.reconcile(())
        assert Path(f"/sys/class/net/{name}").exists()
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)


async def test_the_host_believes_no_router_on_the_bridge(rig: Rig) -> None:
    conf = Path("/proc/sys/net/ipv6/conf", rig.settings.bridge_name)
    assert (conf / "accept_ra").read_text().strip() == "0"
    assert (conf / "disable_ipv6").read_text().strip() == "1"


async def test_a_bridge_that_is_gone_is_named(rig: Rig) -> None:
    subprocess.run(["ip", "link", "del", rig.settings.bridge_name], check=True)
    with pytest.raises(Unavailable, match=f"bridge {rig.settings.bridge_name} is gone"):
        await rig.sandbox(1)
    assert list((rig.root / "netns").iterdir()) == []
    assert (await rig.networks.inspect("bridge")).containers == {}


@pytest.mark.parametrize("owner", ["../a.db", "", ".", "a/b", "a\n"])
async def test_only_a_containers_id_is_joined(rig: Rig, owner: str) -> None:
    with pytest.raises(InvalidArgument, match="is no container id"):
        await rig.sandbox(1, f"container:{owner}")


async def test_the_hosts_namespace_is_shared_by_who_joins_it(rig: Rig) -> None:
    await rig.sandbox(1, "host")
    assert (await rig.sandbox(2, f"container:{_cid(1)}")).key_path is None


@pytest.mark.parametrize("mode", ["host", "none"])
async def test_a_network_without_addresses_is_the_only_one(rig: Rig, mode: str) -> None:
    with pytest.raises(InvalidArgument, match="and to others"):
        await rig.networks.create_sandbox(
            _cid(1), mode=mode, endpoints={"bridge": EndpointSettings()}, hostname="h"
        )


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("network.")])
async def test_a_death_at_any_point_leaves_nothing(rig: Rig, point: str) -> None:
    living = await rig.sandbox(1)
    argv = [sys.executable, str(_CRASH), str(rig.root), rig.settings.prefix, rig.settings.bip]
    done = subprocess.run(argv, env={**os.environ, "SAMPAN_FAULT": point}, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    again = rig.open()
    await again.start()
    await again.reconcile([_cid(1)])
    assert [path.name for path in (rig.root / "netns").iterdir()] == [_cid(1)]
    assert list((await again.inspect("bridge")).containers) == [_cid(1)]
    assert len(mounted_under(str(rig.root / "netns"))) == 1
    ours = [name for name in os.listdir("/sys/class/net") if name.startswith(rig.settings.link_prefix)]
    assert len(ours) == 1
    assert _ping(living, living.endpoints["bridge"].gateway)
    # The dead one's address is free again.
    made = [await again.create_sandbox(_cid(n), mode="bridge", endpoints={}, hostname="h") for n in (2, 3)]
    assert all(_ping(sandbox, living.endpoints["bridge"].gateway) for sandbox in made)
    await again.reconcile([_cid(1)])


async def test_removing_is_idempotent(rig: Rig) -> None:
    await rig.sandbox(1)
    await rig.networks.remove_sandbox(_cid(1))
    await rig.networks.remove_sandbox(_cid(1))


async def test_two_prefixes_side_by_side_and_nothing_left(tmp_path: Path) -> None:
    rigs = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        rigs.append(Rig(tmp_path / name, NetworkSettings(prefix=_prefix(), pools=(("10.197.0.0/16", 24),))))
    async with contextlib.AsyncExitStack() as closing:
        for rig in rigs:
            closing.callback(rig.db.close)
            await rig.networks.start()
            closing.push_async_callback(rig.networks.teardown)
        subnets = {
            (await rig.networks.inspect("bridge")).ipam.config[0].subnet  # type: ignore[index]
            for rig in rigs
        }
        assert len(subnets) == 2
        sandbox = await rigs[0].sandbox(1)
        await rigs[1].networks.teardown()
        assert _ping(sandbox, sandbox.endpoints["bridge"].gateway)
    tables = Nftables().run("list tables").splitlines()
    links = os.listdir("/sys/class/net")
    for rig in rigs:
        assert not [
            name for name in links if name.startswith((rig.settings.prefix, rig.settings.link_prefix))
        ]
        assert f"table inet {rig.settings.table}" not in tables
