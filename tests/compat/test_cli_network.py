"""none, host and the default bridge through the stock CLI."""

from __future__ import annotations

import ipaddress

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest

_ADDRESS = "{{.NetworkSettings.Networks.bridge.IPAddress}}"


def test_none_has_the_loopback_alone(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "--network", "none", IMAGE, "sh", "-c", "ls /sys/class/net; ip route | wc -l")
    links = answer.lines[:-1]
    assert links[0] == "lo"
    assert not [name for name in links if name.startswith("eth")]
    assert answer.lines[-1] == "0"


def test_host_is_the_host_s(cli: DockerCli, engine: EngineUnderTest) -> None:
    assert (
        cli("run", "--rm", "--network", "host", IMAGE, "readlink", "/proc/self/ns/net").line
        == engine.network_link
    )


def test_bridge_gives_address_and_route(cli: DockerCli) -> None:
    started = cli("run", "-d", IMAGE, "sleep", "60").line
    template = "{{with .NetworkSettings.Networks.bridge}}{{.IPAddress}} {{.IPPrefixLen}} {{.Gateway}} {{.MacAddress}}{{end}}"
    address, length, gateway, mac = cli.format(started, template).split()
    network = ipaddress.ip_interface(f"{address}/{length}").network
    assert ipaddress.ip_address(gateway) in network
    shown = cli("exec", started, "sh", "-c", "ip addr show eth0; ip route").out
    assert f"inet {address}/{length} " in shown
    assert mac in shown
    assert f"default via {gateway} dev eth0" in shown
    assert f"{network} dev eth0" in shown


def test_containers_reach_gateway_and_each_other(cli: DockerCli) -> None:
    other = cli("run", "-d", IMAGE, "sh", "-c", "nc -l -p 9 -e echo ahoy").line
    address = cli.format(other, _ADDRESS)
    gateway = cli.format(other, "{{.NetworkSettings.Networks.bridge.Gateway}}")
    script = f"ping -c 1 -W 2 {gateway} >/dev/null && echo gateway; until nc -w 2 {address} 9 2>/dev/null; do sleep 0.05; done"
    assert cli("run", "--rm", IMAGE, "sh", "-c", script).lines == ["gateway", "ahoy"]


def test_addresses_differ_and_come_back(cli: DockerCli) -> None:
    made = [cli("run", "-d", IMAGE, "sleep", "60").line for _ in range(3)]
    assert len({cli.format(ref, _ADDRESS) for ref in made}) == 3
    cli("kill", made[0])
    assert cli.format(made[0], _ADDRESS) in ("", "invalid IP")


def test_hosts_names_the_container(cli: DockerCli) -> None:
    started = cli("run", "-d", "-h", "boat", "--add-host", "port:192.0.2.7", IMAGE, "sleep", "60").line
    address = cli.format(started, _ADDRESS)
    lines = cli("exec", started, "cat", "/etc/hosts").lines
    assert "127.0.0.1\tlocalhost" in lines
    assert "192.0.2.7\tport" in lines
    assert f"{address}\tboat" in lines
    assert cli("exec", started, "hostname", "-i").line == address


def test_added_host_may_be_the_gateway(cli: DockerCli) -> None:
    started = cli("run", "-d", "--add-host", "ship:host-gateway", IMAGE, "sleep", "60").line
    gateway = cli.format(started, "{{.NetworkSettings.Networks.bridge.Gateway}}")
    assert f"{gateway}\tship" in cli("exec", started, "cat", "/etc/hosts").out


def test_resolv_conf(cli: DockerCli) -> None:
    flags = ("--dns", "192.0.2.53", "--dns-search", "example.org", "--dns-option", "ndots:3")
    text = cli("run", "--rm", *flags, IMAGE, "cat", "/etc/resolv.conf").out
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert sorted(lines) == ["nameserver 192.0.2.53", "options ndots:3", "search example.org"]


def test_host_files_can_be_written_and_are_private(cli: DockerCli) -> None:
    script = "echo 192.0.2.9 mine >>/etc/hosts && echo '# mine' >>/etc/resolv.conf && tail -n 1 /etc/hosts"
    assert cli("run", "--rm", IMAGE, "sh", "-c", script).line == "192.0.2.9 mine"
    assert "mine" not in cli("run", "--rm", IMAGE, "cat", "/etc/hosts").out


def test_network_of_another_container(cli: DockerCli) -> None:
    other = cli("run", "-d", "-h", "boat", IMAGE, "sleep", "60").line
    link = cli("exec", other, "readlink", "/proc/self/ns/net").line
    answer = cli(
        "run",
        "--rm",
        "--network",
        f"container:{other}",
        IMAGE,
        "sh",
        "-c",
        "readlink /proc/self/ns/net; hostname",
    )
    assert answer.lines == [link, "boat"]
    refused = cli("run", "--rm", "--network", f"container:{other}", "-h", "x", IMAGE, "true", code=125)
    assert "conflicting options: hostname and the network mode" in refused.err


def test_unknown_network_is_refused(cli: DockerCli) -> None:
    name = cli.name()
    answer = cli("run", "--rm", "--name", name, "--network", "stst-no-such-net", IMAGE, "true", code=125)
    assert "network stst-no-such-net not found" in answer.err


def test_default_networks_are_listed(cli: DockerCli) -> None:
    listed = cli("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}").lines
    assert {"bridge bridge local", "host host local", "none null local"} <= set(listed)
    subnet = cli.format("bridge", "{{(index .IPAM.Config 0).Subnet}}", kind="network")
    started = cli("run", "-d", IMAGE, "sleep", "60").line
    assert ipaddress.ip_address(cli.format(started, _ADDRESS)) in ipaddress.ip_network(subnet)
    name = cli.format(started, "{{.Name}}").removeprefix("/")
    of_it = f'{{{{(index .Containers "{started}").Name}}}}'
    assert cli.format("bridge", of_it, kind="network") == name
    cli("rename", started, f"{name}-too")
    assert cli.format("bridge", of_it, kind="network") == f"{name}-too"


def test_loopback_is_up(cli: DockerCli) -> None:
    for network in ("bridge", "none"):
        cli("run", "--rm", "--network", network, IMAGE, "ping", "-c", "1", "-W", "1", "127.0.0.1")
