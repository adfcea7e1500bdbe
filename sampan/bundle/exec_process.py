"""The plan of an exec: one more process in a running container."""

from __future__ import annotations

from collections.abc import Collection

from sampan.bundle.capabilities import granted
from sampan.bundle.environment import (
    container_environment,
    replace_or_append,
    with_home,
)
from sampan.bundle.resources import plan_rlimits
from sampan.bundle.security import parse_security_options
from sampan.bundle.users import ResolvedUser
from sampan.errors import InvalidArgument
from sampan.models.container import ContainerConfig, HostConfig
from sampan.models.exec import ExecConfig
from sampan.oci.runtime_spec import Box, Capabilities, Process, User


def exec_user(exec_config: ExecConfig, config: ContainerConfig) -> str:
    """The user text to resolve for an exec: its own, else the container's."""
    return exec_config.user or config.user


def plan_exec(
    exec_config: ExecConfig,
    *,
    config: ContainerConfig,
    host_config: HostConfig,
    hostname: str,
    user: ResolvedUser,
    available: Collection[str],
    console_size: tuple[int, int] | None = None,
    default_ulimits: tuple[tuple[str, int, int], ...] = (),
) -> Process:
    """The process of an exec, under the container's own restrictions.

    ``console_size`` is height and width of the caller's terminal. A privileged exec gets
    every capability in ``available``; the container's seccomp filter still holds.

    Raises:
        InvalidArgument: no command, or a relative working directory.
    """
    if not exec_config.cmd:
        raise InvalidArgument("No exec command specified", kind="exec")
    if exec_config.working_dir and not exec_config.working_dir.startswith("/"):
        message = (
            f"the working directory '{exec_config.working_dir}' is invalid, it needs to be an absolute path"
        )
        raise InvalidArgument(message, kind="exec", ref=exec_config.working_dir)
    names = list(
        granted(
            add=host_config.cap_add or (),
            drop=host_config.cap_drop or (),
            privileged=host_config.privileged or exec_config.privileged,
            available=available,
        )
    )
    options = parse_security_options(host_config.security_opt)
    return Process(
        terminal=exec_config.tty,
        console_size=_console(console_size) if exec_config.tty else None,
        user=User(uid=user.uid, gid=user.gid, additional_gids=list(user.additional_gids)),
        args=list(exec_config.cmd),
        env=_environment(exec_config, config, hostname=hostname, home=user.home),
        cwd=exec_config.working_dir or config.working_dir or "/",
        capabilities=Capabilities(bounding=names, effective=names, permitted=names),
        rlimits=plan_rlimits(host_config, default_ulimits),
        no_new_privileges=options.no_new_privileges,
        apparmor_profile=options.apparmor if options.apparmor != "unconfined" else "",
        oom_score_adj=host_config.oom_score_adj,
    )


def _environment(exec_config: ExecConfig, config: ContainerConfig, *, hostname: str, home: str) -> list[str]:
    """The container's environment without its terminal, with the exec's own entries over it."""
    env = container_environment(config, hostname=hostname, home=home)
    given = {text.partition("=")[0] for text in config.env or ()}
    if "TERM" not in given:
        env = [text for text in env if not text.startswith("TERM=")]
    if exec_config.tty:
        env = replace_or_append(["TERM=xterm"], env)
    return with_home(replace_or_append(env, exec_config.env or ()), home)


def _console(size: tuple[int, int] | None) -> Box | None:
    if size is None or 0 in size:
        return None
    return Box(height=size[0], width=size[1])
