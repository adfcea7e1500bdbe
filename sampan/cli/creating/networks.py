"""``--network`` and the flags that belong to its first value."""

from __future__ import annotations

import re
from typing import NamedTuple

from sampan.cli.creating.fields import fields_of
from sampan.cli.flags import Parsed
from sampan.errors import InvalidArgument

Json = dict[str, object]
_LONG = re.compile(r"\w+=\w+(,\w+=\w+)*", re.ASCII)
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")
_NOT_DEFINED_BY_USERS = ("default", "bridge", "host", "none")
DEFAULT = "default"


class Attachment(NamedTuple):
    """One network that a container joins, with what is asked of the endpoint."""

    name: str
    aliases: tuple[str, ...] = ()
    driver_options: tuple[tuple[str, str], ...] = ()
    ipv4: str = ""
    ipv6: str = ""
    mac: str = ""
    link_local: tuple[str, ...] = ()
    priority: int = 0
    links: tuple[str, ...] = ()


def attachment(text: str) -> Attachment:
    """A network's name, or ``name=net,alias=a,ip=..``. Raises ValueError."""
    if not _LONG.search(text):
        return Attachment(text)
    found = Attachment("")
    for field in fields_of(text):
        name, has_value, value = field.partition("=")
        if not has_value:
            raise ValueError(f"invalid field {field}")
        value = value.strip()
        match name.strip().lower():
            case "name":
                found = found._replace(name=value)
            case "alias":
                found = found._replace(aliases=(*found.aliases, value))
            case "driver-opt":
                key, _, item = value.partition("=")
                found = found._replace(driver_options=(*found.driver_options, (key.lower(), item)))
            case "ip":
                found = found._replace(ipv4=value)
            case "ip6":
                found = found._replace(ipv6=value)
            case "mac-address":
                found = found._replace(mac=_mac(value))
            case "link-local-ip":
                found = found._replace(link_local=(*found.link_local, value))
            case "gw-priority":
                found = found._replace(priority=_priority(value))
            case other:
                raise ValueError(f"invalid field key {other}")
    if not found.name:
        raise ValueError("network name/id is not specified")
    return found


def _mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text} is not a valid mac address")
    return text


def _priority(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f"invalid gw-priority: {text}")
    return int(text)


def networks(parsed: Parsed) -> tuple[str, Json]:
    """The network mode, and the endpoints' settings by network. Raises InvalidArgument."""
    asked = [attachment(text) for text in parsed.texts("network")]
    if not asked:
        return DEFAULT, {DEFAULT: _endpoint(_with_flags(Attachment(DEFAULT), parsed))}
    asked[0] = _with_flags(asked[0], parsed)
    endpoints: Json = {}
    for item in asked:
        if item.name in endpoints:
            raise _bad(f'conflicting options: network "{item.name}" is specified multiple times')
        endpoints[item.name] = _endpoint(item)
    if len({_defined_by_user(item.name) for item in asked}) > 1:
        raise _bad("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
    only = asked[0]
    if len(asked) == 1 and only == Attachment(only.name):
        # Nothing is asked of the endpoint: the mode says it all, to old daemons too.
        return only.name, {}
    return only.name, endpoints


def _with_flags(first: Attachment, parsed: Parsed) -> Attachment:
    """The first network, with the flags that have no network of their own."""
    mac = parsed.text("mac-address")
    if mac and not _MAC.fullmatch(mac):
        raise _bad(f"{mac} is not a valid mac address")
    # What the flag sets; the flag's name and what the network's own field is called.
    given: tuple[tuple[str, object, str, str], ...] = (
        ("aliases", tuple(parsed.texts("network-alias")), "--network-alias", "alias"),
        ("ipv4", parsed.text("ip"), "--ip", "IPv4 address"),
        ("ipv6", parsed.text("ip6"), "--ip6", "IPv6 address"),
        ("mac", mac, "--mac-address", "MAC address"),
        ("link_local", tuple(parsed.texts("link-local-ip")), "--link-local-ip", "link-local IP addresses"),
    )
    values = {}
    for field, value, flag, shown in given:
        if value and getattr(first, field):
            raise _bad(f"conflicting options: cannot specify both {flag} and per-network {shown}")
        if value:
            values[field] = value
    if first.name != DEFAULT:
        values["links"] = tuple(parsed.texts("link"))
    return Attachment(**{**first._asdict(), **values})


def _endpoint(item: Attachment) -> Json:
    if not item.name.strip():
        raise _bad("no name set for network")
    if not _defined_by_user(item.name):
        if item.aliases:
            raise _bad("network-scoped aliases are only supported for user-defined networks")
        if item.links:
            raise _bad("links are only supported for user-defined networks")
    addresses = {"IPv4Address": item.ipv4, "IPv6Address": item.ipv6, "LinkLocalIPs": list(item.link_local)}
    return {
        "IPAMConfig": {name: value for name, value in addresses.items() if value} or None,
        "Links": list(item.links) or None,
        "Aliases": list(item.aliases) or None,
        "MacAddress": item.mac,
        "DriverOpts": dict(item.driver_options) or None,
        "GwPriority": item.priority,
        "NetworkID": "",
        "EndpointID": "",
        "Gateway": "",
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def _defined_by_user(name: str) -> bool:
    return name not in _NOT_DEFINED_BY_USERS and not name.startswith("container:")


def _bad(reason: str) -> InvalidArgument:
    return InvalidArgument(reason, kind="flag", ref="network")
