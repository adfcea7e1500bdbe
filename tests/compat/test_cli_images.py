"""docker images, import, load, save, tag, rmi, history, inspect, prune through the stock CLI."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import zstandard

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli


def _rootfs(text: str) -> bytes:
    """A tar of one small file, so that each image differs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _import(cli: DockerCli, name: str, *flags: str) -> str:
    return cli("import", *flags, "-", f"{name}:latest", stdin=_rootfs(name)).line


def test_import_prints_the_id(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name, "-m", "a message")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", made)
    assert cli.format(image_name, "{{.Id}}", kind="image") == made


def test_import_of_compressed_tars(cli: DockerCli, image_name: str) -> None:
    made = cli("import", "-", f"{image_name}:gz", stdin=gzip.compress(_rootfs(image_name))).line
    plain = _import(cli, image_name)
    template = "{{.RootFS.Layers}}"
    assert cli.format(made, template, kind="image") == cli.format(plain, template, kind="image")


def test_import_with_changes(cli: DockerCli, image_name: str) -> None:
    flags = [
        "CMD echo hello",
        "EXPOSE 80/tcp",
        "LABEL a=b",
        "USER sailor",
        "WORKDIR /srv",
        'ENTRYPOINT ["/e"]',
    ]
    made = _import(cli, image_name, *(part for change in flags for part in ("-c", change)))
    config = json.loads(cli.format(made, "{{json .Config}}", kind="image"))
    assert config["Cmd"] == ["/bin/sh", "-c", "echo hello"]
    assert config["Entrypoint"] == ["/e"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Labels"] == {"a": "b"}
    assert (config["User"], config["WorkingDir"]) == ("sailor", "/srv")


def test_import_refuses_what_is_no_archive(cli: DockerCli, image_name: str) -> None:
    answer = cli("import", "-", f"{image_name}:latest", stdin=b"this is no archive" * 100, code=1)
    assert answer.err
    assert image_name not in cli("images").out


def test_list(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    header, row = cli("images", image_name).lines
    assert re.split(r"\s{2,}", header.strip()) == ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    fields = re.split(r"\s{2,}", row.strip())
    assert fields[:3] == [image_name, "latest", made.removeprefix("sha256:")[:12]]
    assert cli("images", "-q", "--no-trunc", image_name).line == made
    assert (
        cli("images", "--filter", f"reference={image_name}", "--format", "{{.Repository}}:{{.Tag}}").line
        == f"{image_name}:latest"
    )
    assert cli("images", "--filter", "reference=stst-no-such*", "-q").out == ""


def test_filters_of_the_list(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name, "-c", "LABEL colour=red")
    listed = ("images", "-q", "--no-trunc", "--filter")
    assert cli(*listed, "label=colour=red", image_name).line == made
    assert cli(*listed, "label=colour=blue", image_name).line == ""
    assert made in cli(*listed, f"since={IMAGE}").lines
    assert made not in cli(*listed, f"before={IMAGE}").lines
    assert cli(*listed, "dangling=true", image_name).line == ""
    assert "invalid filter" in cli("images", "--filter", "nosuch=1", code=1).err


def test_tag_and_remove_tags(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    cli("tag", image_name, f"{image_name}:second")
    assert set(json.loads(cli.format(made, "{{json .RepoTags}}", kind="image"))) == {
        f"{image_name}:latest",
        f"{image_name}:second",
    }
    assert cli("rmi", f"{image_name}:second").lines == [f"Untagged: {image_name}:second"]
    lines = cli("rmi", image_name).lines
    assert lines[0] == f"Untagged: {image_name}:latest"
    assert f"Deleted: {made}" in lines
    assert f"No such image: {image_name}" in cli("image", "inspect", image_name, code=1).err


def test_tag_refuses_bad_names_and_unknown_images(cli: DockerCli, image_name: str) -> None:
    _import(cli, image_name)
    assert "not a valid repository/tag" in cli("tag", image_name, "Upper:x", code=1).err
    assert "No such image: stst-nothing" in cli("tag", "stst-nothing", image_name, code=1).err


def test_remove_by_id_and_prefix(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    lines = cli("rmi", made.removeprefix("sha256:")[:14]).lines
    assert lines[0] == f"Untagged: {image_name}:latest"
    assert f"Deleted: {made}" in lines


def test_remove_by_id_with_several_names_needs_force(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    cli("tag", image_name, f"{image_name}-other:latest")
    answer = cli("rmi", made, code=1)
    assert "must be forced" in answer.err
    assert "image is referenced in multiple repositories" in answer.err
    cli("rmi", "-f", made)


def test_used_images_stay(cli: DockerCli, image_name: str) -> None:
    cli("tag", IMAGE, f"{image_name}:used")
    ref = cli("create", f"{image_name}:used").line
    # One name of two may go; the last one is kept by the container.
    cli("rmi", f"{image_name}:used")
    made = _import(cli, image_name, "-c", "CMD true")
    user = cli("create", image_name).line
    answer = cli("rmi", image_name, code=1)
    assert f'unable to remove repository reference "{image_name}" (must force)' in answer.err
    assert (
        f"container {user[:12]} is using its referenced image {made.removeprefix('sha256:')[:12]}"
        in answer.err
    )
    cli("rm", ref, user)
    cli("rmi", image_name)


def test_unknown_image(cli: DockerCli) -> None:
    assert "No such image: stst-nothing" in cli("rmi", "stst-nothing", code=1).err
    assert cli("rmi", "-f", "stst-nothing", code=None).exit_code in (0, 1)
    assert "No such image: stst-nothing" in cli("history", "stst-nothing", code=1).err
    assert "No such image: stst-nothing" in cli("save", "stst-nothing", code=1).err


def test_history(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name, "-m", "hand-made")
    header, row = cli("history", image_name).lines
    assert header.split() == ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    assert row.startswith(made.removeprefix("sha256:")[:12])
    assert row.rstrip().endswith("hand-made")


def test_inspect(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    found = cli.inspect(image_name, kind="image")
    assert found["Id"] == made
    assert found["RepoTags"] == [f"{image_name}:latest"]
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")
    assert isinstance(found["Size"], int)
    assert len(found["RootFS"]["Layers"]) == 1  # type: ignore[index]
    assert str(found["Created"]).startswith("20")


def test_save_and_load_again(cli: DockerCli, image_name: str, tmp_path: Path) -> None:
    made = _import(cli, image_name, "-c", "LABEL kept=yes")
    path = tmp_path / "saved.tar"
    cli("save", "-o", str(path), image_name)
    with tarfile.open(path) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("manifest.json") or io.BytesIO())
    assert {"manifest.json", "oci-layout", "index.json"} <= set(names)
    assert manifest[0]["RepoTags"] == [f"{image_name}:latest"]
    cli("rmi", image_name)
    answer = cli("load", "-i", str(path))
    assert answer.line == f"Loaded image: {image_name}:latest"
    assert cli.format(image_name, "{{.Id}} {{.Config.Labels.kept}}", kind="image") == f"{made} yes"


@pytest.mark.parametrize("program", ["gzip", "zstd", "none"])
def test_load_from_a_pipe_and_compressed(cli: DockerCli, image_name: str, program: str) -> None:
    made = _import(cli, image_name)
    saved = cli("save", image_name).stdout
    cli("rmi", image_name)
    if program == "zstd":
        saved = zstandard.ZstdCompressor().compress(saved)
    elif program == "gzip":
        saved = gzip.compress(saved)
    assert cli("load", stdin=saved).line == f"Loaded image: {image_name}:latest"
    assert cli.format(image_name, "{{.Id}}", kind="image") == made


def test_load_without_names(cli: DockerCli, image_name: str) -> None:
    made = _import(cli, image_name)
    saved = cli("save", made).stdout
    cli("rmi", image_name)
    assert cli("load", stdin=saved).line == f"Loaded image ID: {made}"
    assert made in cli("images", "-aq", "--no-trunc").out
    assert f"Deleted: {made}" in cli("rmi", made).lines


def test_several_in_one_archive(cli: DockerCli, image_name: str) -> None:
    _import(cli, image_name)
    cli("import", "-", f"{image_name}:two", stdin=_rootfs("two"))
    saved = cli("save", f"{image_name}:latest", f"{image_name}:two").stdout
    cli("rmi", f"{image_name}:latest", f"{image_name}:two")
    assert set(cli("load", stdin=saved).lines) == {
        f"Loaded image: {image_name}:latest",
        f"Loaded image: {image_name}:two",
    }


def test_load_refuses_rubbish(cli: DockerCli) -> None:
    before = cli("images", "-aq", "--no-trunc").lines
    assert cli("load", stdin=b"rubbish" * 1000, code=1).err
    assert cli("images", "-aq", "--no-trunc").lines == before


def test_saved_image_runs_after_loading(cli: DockerCli, image_name: str) -> None:
    cli("tag", IMAGE, f"{image_name}:run")
    saved = cli("save", f"{image_name}:run").stdout
    cli("rmi", f"{image_name}:run")
    cli("load", stdin=saved)
    assert cli("run", "--rm", f"{image_name}:run", "cat", "/etc/motd").line == "all hands"


def test_prune_takes_dangling_ones(cli: DockerCli, image_name: str) -> None:
    # The label keeps this from images of others on a shared engine.
    label = f"stst={cli.token}"
    first = _import(cli, image_name, "-c", f"LABEL {label}")
    cli("import", "-c", f"LABEL {label}", "-", f"{image_name}:latest", stdin=_rootfs("second"))
    assert (
        cli("images", "-q", "--no-trunc", "--filter", "dangling=true", "--filter", f"label={label}").line
        == first
    )
    answer = cli("image", "prune", "-f", "--filter", f"label={label}")
    assert f"deleted: {first}" in answer.lines
    assert "Total reclaimed space:" in answer.out
    assert cli("images", "-q", "--filter", f"label={label}").line != ""
    assert "No such image" in cli("image", "inspect", first, code=1).err


def test_pipe_that_breaks_in_the_middle_changes_nothing(cli: DockerCli, image_name: str) -> None:
    _import(cli, image_name)
    saved = cli("save", image_name).stdout
    cli("rmi", image_name)
    assert cli("load", stdin=saved[: len(saved) // 2], code=1).err
    assert "No such image" in cli("image", "inspect", image_name, code=1).err


def test_skopeo_reads_what_is_saved(cli: DockerCli, image_name: str, tmp_path: Path) -> None:
    made = _import(cli, image_name)
    path = tmp_path / "saved.tar"
    cli("save", "-o", str(path), image_name)
    done = subprocess.run(
        ["skopeo", "inspect", "--config", f"docker-archive:{path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["rootfs"]["diff_ids"] == json.loads(
        cli.format(made, "{{json .RootFS.Layers}}", kind="image")
    )
