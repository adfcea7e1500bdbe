"""The plan, field by field, against what Docker gave its runtime for the same definitions.

The recordings hold a definition as Docker showed it, and the spec it made of it. Every
difference is named here, and explained in docs/isolation.md.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

from sampan.bundle.capabilities import ALL
from sampan.bundle.plan import plan_bundle
from sampan.bundle.request import BundleRequest, HostFiles
from sampan.bundle.users import ResolvedUser
from sampan.models.container import ContainerConfig, HostConfig
from sampan.oci.runtime_spec import Device, encode

GOLDEN = Path(__file__).parents[2] / "golden/bundle"
PROFILE = b'{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}'
FEATURES = frozenset(
    {"memory", "swap", "cpu", "cpu_quota", "cpuset", "pids", "blkio", "devices", "freezer", "oom_control"}
)


@dataclasses.dataclass(frozen=True)
class FixedHost:
    cpu_count: int = 2
    cpus: frozenset[int] = frozenset({0, 1})
    memory_nodes: frozenset[int] = frozenset({0})
    kernel: tuple[int, int] = (6, 18)
    architecture: str = "amd64"
    hostname: str = "vm"
    # The recording host's kernel withheld this one from everybody.
    capabilities: frozenset[str] = frozenset(ALL) - {"CAP_SYS_RESOURCE"}
    cgroup_version: int = 1
    cgroup_features: frozenset[str] = FEATURES


def request_of(recording: dict[str, object]) -> BundleRequest:
    spec = recording["docker"]
    assert isinstance(spec, dict)
    config = msgspec.convert(recording["config"], ContainerConfig, strict=False)
    host_config = msgspec.convert(recording["host_config"], HostConfig, strict=False)
    linux, process = spec["linux"], spec["process"]
    container_id = linux["cgroupsPath"].rpartition("/")[2]
    devices = tuple(msgspec.convert(device, Device) for device in linux.get("devices", []))
    files = {name: f"/files/{name}" for name in ("resolv.conf", "hosts", "hostname")}
    return BundleRequest(
        container_id=container_id,
        config=config,
        host_config=host_config,
        rootfs="/rootfs",
        hostname=config.hostname or "vm",
        host_files=HostFiles(
            resolv_conf=files["resolv.conf"], hosts=files["hosts"], hostname=files["hostname"]
        ),
        netns_path=None if host_config.network_mode == "host" else "/netns",
        user=ResolvedUser(
            uid=process["user"]["uid"],
            gid=process["user"]["gid"],
            additional_gids=tuple(process["user"]["additionalGids"]),
            home="/root",
        ),
        cgroup_parent="/docker",
        host=FixedHost(),
        seccomp_profile=PROFILE,
        devices=devices,
        block_devices={"/dev/vda": (254, 0)},
        init_path="/usr/bin/docker-init" if host_config.init is True else None,
    )


def differences(name: str) -> set[str]:
    recording = json.loads((GOLDEN / f"docker_{name}.json").read_text())
    theirs = flat(recording["docker"])
    ours = flat(json.loads(encode(plan_bundle(request_of(recording)))))
    found = {f"-{key}" for key in theirs.keys() - ours.keys()}
    found |= {f"+{key}" for key in ours.keys() - theirs.keys()}
    found |= {f"~{key}" for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]}
    return {key for key in found if not key[1:].startswith("linux.seccomp")}


def flat(value: object, path: str = "") -> dict[str, object]:
    """Leaves by path; lists of names are sets, lists of objects are keyed by what names them."""
    found: dict[str, object] = {}
    if isinstance(value, dict):
        for key, item in value.items():
            found.update(flat(item, f"{path}.{key}" if path else key))
        return found
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                name = item.get("destination") or item.get("path") or item.get("type") or ""
                if "access" in item:
                    name = f"{item.get('type', '*')} {item.get('major', '*')}:{item.get('minor', '*')}"
                rest = {k: v for k, v in item.items() if k not in ("destination",)}
                found.update(flat(rest, f"{path}[{name}]"))
            else:
                found[f"{path}[{item}]"] = True
        return found
    return {path: value}


# Runtimes add the harmless device nodes themselves; a denied device needs no rule of its own
# after the rule that denies everything.
RUNTIME_RULES = {
    f"-linux.resources.devices[c {numbers}].{field}"
    for numbers in ("1:5", "1:3", "1:9", "1:8", "5:0", "5:1", "10:229")
    for field in ("allow", "type", "major", "minor", "access")
}
HOME = "+process.env[HOME=/root]"
EMPTY = "-linux.resources.memory.disableOOMKiller"
# The engine's namespace file; Docker's runtime makes the namespace and a hook fills it.
NETNS = "+linux.namespaces[/netns].type"
NETNS_PATH = "+linux.namespaces[/netns].path"
NO_NETNS = "-linux.namespaces[network].type"
RECURSIVE = {
    change
    for file in ("resolv.conf", "hosts", "hostname")
    for change in (f"-mounts[/etc/{file}].options[rbind]", f"+mounts[/etc/{file}].options[bind]")
}
COMMON = {"~ociVersion", HOME, EMPTY} | RECURSIVE


def test_an_ordinary_container_differs_only_as_documented() -> None:
    assert differences("plain") == COMMON | RUNTIME_RULES | {NETNS, NETNS_PATH, NO_NETNS}


def test_a_container_with_every_option_differs_only_as_documented() -> None:
    read_only = {
        change
        for file in ("resolv.conf", "hosts", "hostname")
        for change in (f"-mounts[/etc/{file}].options[rro]", f"+mounts[/etc/{file}].options[ro]")
    }
    rules = {rule for rule in RUNTIME_RULES if "10:229" not in rule}
    assert differences("full") == COMMON | rules | read_only | {NETNS, NETNS_PATH, NO_NETNS}


def test_a_privileged_container_differs_only_as_documented() -> None:
    assert differences("priv") == COMMON | RUNTIME_RULES | {NETNS, NETNS_PATH, NO_NETNS}


def test_a_container_in_the_hosts_namespaces_differs_only_as_documented() -> None:
    assert differences("host") == COMMON | RUNTIME_RULES


@pytest.mark.parametrize("name", ["plain", "full", "priv", "host"])
def test_the_plan_is_a_function(name: str) -> None:
    recording = json.loads((GOLDEN / f"docker_{name}.json").read_text())
    assert encode(plan_bundle(request_of(recording))) == encode(plan_bundle(request_of(recording)))
