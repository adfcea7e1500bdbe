"""docker ps and docker inspect: filters, formats, fields."""

from __future__ import annotations

import json
import re

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli


def _listed(cli: DockerCli, *arguments: str) -> set[str]:
    return set(cli("ps", "-q", "--no-trunc", "--filter", f"label=stst={cli.token}", *arguments).lines)


def test_running_ones_by_default_and_all_with_a(cli: DockerCli) -> None:
    running = cli("run", "-d", IMAGE, "sleep", "60").line
    created = cli("create", IMAGE, "true").line
    assert _listed(cli) == {running}
    assert _listed(cli, "-a") == {running, created}


def test_columns(cli: DockerCli) -> None:
    name = cli.name()
    ref = cli("run", "-d", "--name", name, IMAGE, "sleep", "60").line
    header, row = cli("ps", "--filter", f"name={name}").lines
    assert re.split(r"\s{2,}", header.strip()) == [
        "CONTAINER ID",
        "IMAGE",
        "COMMAND",
        "CREATED",
        "STATUS",
        "PORTS",
        "NAMES",
    ]
    fields = re.split(r"\s{2,}", row.strip())
    assert (
        fields[:3] == [ref[:12], "sampan-test/busybox:latest", '"sleep 60"']
        or fields[1] == "sampan-test/busybox"
    )
    assert fields[-1] == name
    assert re.match(r"Up (Less than a second|\d+ seconds?)$", fields[4])


def test_status_texts(cli: DockerCli) -> None:
    name = cli.name()
    ref = cli("create", "--name", name, IMAGE, "sh", "-c", "exit 3").line
    status = ("ps", "-a", "--filter", f"id={ref}", "--format", "{{.Status}}|{{.State}}")
    assert cli(*status).line == "Created|created"
    cli("start", ref)
    cli("wait", ref)
    assert re.fullmatch(r"Exited \(3\) (Less than a second|\d+ seconds?) ago\|exited", cli(*status).line)


def test_latest_and_last(cli: DockerCli) -> None:
    made = [cli("create", IMAGE, "true").line for _ in range(3)]
    # The engine may be shared: only the order of our own is known.
    found = [line for line in cli("ps", "-q", "--no-trunc", "-n", "50").lines if line in made]
    assert found == made[::-1]
    assert len(cli("ps", "-q", "-n", "2").lines) == 2
    assert len(cli("ps", "-q", "-l").lines) == 1


def test_filters(cli: DockerCli) -> None:
    name = cli.name("needle")
    first = cli("run", "-d", "--name", name, "-l", "colour=red", IMAGE, "sh", "-c", "exit 9").line
    second = cli("create", "-l", "colour=blue", IMAGE, "true").line
    cli("wait", first)
    assert _listed(cli, "-a", "--filter", f"name={name}") == {first}
    assert _listed(cli, "-a", "--filter", f"name=^/?{name}$") == {first}
    assert _listed(cli, "-a", "--filter", f"id={second[:20]}") == {second}
    assert _listed(cli, "-a", "--filter", "label=colour") == {first, second}
    assert _listed(cli, "-a", "--filter", "label=colour=blue") == {second}
    assert _listed(cli, "-a", "--filter", "status=exited") == {first}
    assert _listed(cli, "-a", "--filter", "status=exited", "--filter", "status=created") == {first, second}
    assert _listed(cli, "-a", "--filter", "exited=9") == {first}
    assert _listed(cli, "-a", "--filter", f"ancestor={IMAGE}") == {first, second}
    assert _listed(cli, "-a", "--filter", "ancestor=stst-no-such-image") == set()
    assert _listed(cli, "-a", "--filter", f"before={second}") == {first}
    assert _listed(cli, "-a", "--filter", f"since={first}") == {second}
    assert _listed(cli, "-a", "--filter", "network=bridge") == {first, second}


def test_bad_filters_are_refused(cli: DockerCli) -> None:
    # Docker 26 says "invalid filter 'nosuch'".
    assert "invalid filter 'nosuch'" in cli("ps", "--filter", "nosuch=1", code=1).err.lower()
    assert "invalid" in cli("ps", "--filter", "status=nosuch", code=1).err.lower()


def test_format_and_json(cli: DockerCli) -> None:
    name = cli.name()
    ref = cli("create", "--name", name, "-l", "a=b", IMAGE, "echo", "x y").line
    filters = ("ps", "-a", "--no-trunc", "--filter", f"id={ref}", "--format")
    template = '{{.ID}}|{{.Image}}|{{.Command}}|{{.Names}}|{{.Label "a"}}|{{.Networks}}|{{.Ports}}'
    assert cli(*filters, template).line == f"{ref}|{IMAGE}|\"echo 'x y'\"|{name}|b|bridge|" or (
        cli(*filters, template).line == f'{ref}|{IMAGE}|"echo x y"|{name}|b|bridge|'
    )
    assert json.loads(cli(*filters, "json").line)["Names"] == name


def test_size(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sh", "-c", "head -c 1000000 /dev/zero >/file").line
    cli("wait", ref)
    size = cli("ps", "-a", "-s", "--filter", f"id={ref}", "--format", "{{.Size}}").line
    assert re.fullmatch(r"1(\.\d+)?MB \(virtual \d+(\.\d+)?MB\)", size), size


def test_inspect_fields(cli: DockerCli) -> None:
    name = cli.name()
    ref = cli(
        "run", "-d", "--name", name, "-e", "A=1", "-w", "/tmp", "-u", "sailor", IMAGE, "sleep", "60"
    ).line
    found = cli.inspect(name)
    assert found["Id"] == ref
    assert found["Name"] == f"/{name}"
    assert (found["Path"], found["Args"]) == ("sleep", ["60"])
    assert found["RestartCount"] == 0
    assert found["Driver"] in ("overlay2", "overlayfs", "overlay")
    assert found["Platform"] == "linux"
    config = found["Config"]
    assert isinstance(config, dict)
    assert {"A=1", "PATH=/bin", "STST=from-image"} <= set(config["Env"])
    assert (config["WorkingDir"], config["User"], config["Image"]) == ("/tmp", "sailor", IMAGE)
    assert (config["Cmd"], config["Entrypoint"], config["Hostname"]) == (["sleep", "60"], None, ref[:12])
    state = found["State"]
    assert isinstance(state, dict)
    assert state["Status"] == "running"
    assert state["Pid"] > 0
    assert state["FinishedAt"] == "0001-01-01T00:00:00Z"
    host_config = found["HostConfig"]
    assert isinstance(host_config, dict)
    # The CLI says "default" or "bridge"; which one is its matter.
    assert host_config["NetworkMode"] in ("default", "bridge")
    assert host_config["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert host_config["LogConfig"]["Type"] == "json-file"
    assert host_config["ShmSize"] == 67108864
    image_id = cli.format(IMAGE, "{{.Id}}", kind="image")
    assert found["Image"] == image_id


def test_inspect_of_several_and_of_unknown(cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "true").line
    answer = cli("inspect", ref, "stst-nobody", IMAGE, code=1)
    found = json.loads(answer.out)
    assert [item["Id"] for item in found] == [ref, cli.format(IMAGE, "{{.Id}}", kind="image")]
    assert "No such object: stst-nobody" in answer.err


def test_inspect_size(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sh", "-c", "head -c 5000 /dev/zero >/file").line
    cli("wait", ref)
    rw, root = (
        int(text) for text in cli("inspect", "-s", "-f", "{{.SizeRw}} {{.SizeRootFs}}", ref).line.split()
    )
    assert 5000 <= rw < 20000
    assert root > 500_000


@pytest.mark.parametrize("prefix_length", [3, 8])
def test_id_prefixes(cli: DockerCli, prefix_length: int) -> None:
    ref = cli("create", IMAGE, "true").line
    answer = cli("inspect", "-f", "{{.Id}}", ref[:prefix_length], code=None)
    # Three digits may be ambiguous on a shared engine, and then it is an error.
    assert answer.line == ref or "multiple IDs found" in answer.err.replace("Multiple", "multiple")


def test_diff_of_memory_and_restart_settings(cli: DockerCli) -> None:
    ref = cli("create", "-m", "64m", "--restart", "on-failure:3", "--cpus", "1.5", IMAGE, "true").line
    template = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}"
    assert cli.format(ref, template) == "67108864 1500000000 on-failure 3"
