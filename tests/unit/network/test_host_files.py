"""/etc/hosts and /etc/resolv.conf of a container."""

from __future__ import annotations

import pytest

from sampan.errors import InvalidArgument
from sampan.network.hosts import render_hosts
from sampan.network.resolv import FALLBACK, ResolvConf, only_local, parse_resolv_conf, render_resolv_conf

_TEXT = """# comment
nameserver 127.0.0.53
nameserver 192.0.2.1
search old.example
search corp.example lab.example
options edns0 ndots:2
; another
bogus
"""


def test_a_resolv_conf_is_read_as_the_resolver_does() -> None:
    assert parse_resolv_conf(_TEXT) == ResolvConf(
        nameservers=("127.0.0.53", "192.0.2.1"),
        search=("corp.example", "lab.example"),
        options=("edns0", "ndots:2"),
    )


def test_loopback_resolvers_stay_out_of_another_namespace() -> None:
    host = parse_resolv_conf(_TEXT)
    assert render_resolv_conf(host) == (
        "nameserver 192.0.2.1\nsearch corp.example lab.example\noptions edns0 ndots:2\n"
    )
    assert "127.0.0.53" in render_resolv_conf(host, own_namespace=False)


def test_what_is_asked_for_wins() -> None:
    host = parse_resolv_conf(_TEXT)
    shown = render_resolv_conf(host, dns=["127.0.0.1"], search=["."], options=["rotate"])
    assert shown == "nameserver 127.0.0.1\noptions rotate\n"


def test_only_local_resolvers_need_another_source() -> None:
    local = ResolvConf(nameservers=("127.0.0.53", "::1", "nonsense"))
    assert only_local(local)
    assert not only_local(ResolvConf(nameservers=("fe80::1%eth0",)))
    assert render_resolv_conf(local) == "".join(f"nameserver {server}\n" for server in FALLBACK)


def test_hosts_has_the_local_names_extras_and_its_own() -> None:
    shown = render_hosts(
        names=["web.corp", "web"],
        addresses=["10.0.0.2", ""],
        extra=["db:10.0.0.9", "gate:host-gateway", "six:[fd00::1]"],
        gateway="10.0.0.1",
    )
    assert shown.startswith("127.0.0.1\tlocalhost\n::1\tlocalhost")
    assert shown.endswith("10.0.0.9\tdb\n10.0.0.1\tgate\nfd00::1\tsix\n10.0.0.2\tweb.corp web\n")


@pytest.mark.parametrize("entry", ["db", "db:", ":1.2.3.4"])
def test_a_bad_extra_host_is_named(entry: str) -> None:
    with pytest.raises(InvalidArgument, match="bad format for add-host"):
        render_hosts(names=[], addresses=[], extra=[entry])
