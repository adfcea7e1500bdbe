"""How a model's attribute names become the Engine API's field names.

An attribute is the API's name in snake_case. ``pascal`` turns it back, with the
abbreviations the API writes in capitals (``ip_address`` is ``IPAddress``, but
``image_id`` in a summary is ``ImageID`` and ``Id`` stays ``Id``): the irregular names
are one table, so that no model repeats them.
"""

from __future__ import annotations

import msgspec

_IRREGULAR = {
    "api_version": "ApiVersion",
    "container_id_file": "ContainerIDFile",
    "cpu_shares": "CpuShares",
    "device_ids": "DeviceIDs",
    "dns_names": "DNSNames",
    "enable_ipv4": "EnableIPv4",
    "enable_ipv6": "EnableIPv6",
    "exec_ids": "ExecIDs",
    "endpoint_id": "EndpointID",
    "network_id": "NetworkID",
    "sandbox_id": "SandboxID",
    "image_id": "ImageID",
    "container_id": "ContainerID",
    "can_remove": "CanRemove",
    "global_ipv6_address": "GlobalIPv6Address",
    "global_ipv6_prefix_len": "GlobalIPv6PrefixLen",
    "ip_address": "IPAddress",
    "ip_prefix_len": "IPPrefixLen",
    "ip": "IP",
    "ipam": "IPAM",
    "ipam_config": "IPAMConfig",
    "ip_range": "IPRange",
    "ipv4_address": "IPv4Address",
    "ipv6_address": "IPv6Address",
    "ipv6_gateway": "IPv6Gateway",
    "link_local_ips": "LinkLocalIPs",
    "link_local_ipv6_address": "LinkLocalIPv6Address",
    "link_local_ipv6_prefix_len": "LinkLocalIPv6PrefixLen",
    "secondary_ip_addresses": "SecondaryIPAddresses",
    "secondary_ipv6_addresses": "SecondaryIPv6Addresses",
    "blkio_device_read_iops": "BlkioDeviceReadIOps",
    "blkio_device_write_iops": "BlkioDeviceWriteIOps",
    "io_maximum_iops": "IOMaximumIOps",
    "io_maximum_bandwidth": "IOMaximumBandwidth",
    "kernel_memory_tcp": "KernelMemoryTCP",
    "oom_killed": "OOMKilled",
    "root_fs": "RootFS",
    "rw": "RW",
    "uts_mode": "UTSMode",
    "private_port": "PrivatePort",
}


def pascal(name: str) -> str:
    """The Engine API's name of attribute ``name``."""
    known = _IRREGULAR.get(name)
    if known is not None:
        return known
    return "".join(part.capitalize() for part in name.rstrip("_").split("_"))


class Model(msgspec.Struct, frozen=True, kw_only=True, rename=pascal):
    """Base of every Engine API object: frozen, keyword-only, unknown fields ignored.

    Change one with ``msgspec.structs.replace``. A field of type ``T | UnsetType`` with
    default ``UNSET`` is left out of JSON when unset (Go's ``omitempty``); ``None`` is
    JSON's ``null``.
    """
