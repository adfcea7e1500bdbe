"""The stock docker CLI as a test calls it: real exit codes, real output, one engine."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import cast

TIMEOUT_S = 60.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """How a command ended and what it printed."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.stdout.decode()

    @property
    def err(self) -> str:
        """Standard error as text."""
        return self.stderr.decode()

    @property
    def line(self) -> str:
        """Standard output without its last newline; an id, most often."""
        return self.out.strip()

    @property
    def lines(self) -> list[str]:
        """Standard output by lines."""
        return self.out.splitlines()


class RunningCommand(subprocess.Popen[bytes]):
    """A command under way: leaving its block waits for its end, or ends it if the test has failed."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, traceback)


class DockerCli:
    """Runs the CLI against one engine; what it makes carries a label, by which it is removed."""

    def __init__(self, *, url: str, config: Path) -> None:
        found = shutil.which("docker")
        if found is None:
            raise FileNotFoundError("the docker CLI is missing; ./dev test installs it")
        self._program = found
        self.url = url
        self.token = secrets.token_hex(4)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(config),
            "DOCKER_CONFIG": str(config),
            "DOCKER_HOST": url,
        }

    def argv(self, *arguments: str) -> list[str]:
        """The command line; ``run`` and ``create`` get this test's label."""
        head = [*arguments[:1]]
        if head in (["run"], ["create"]):
            head += ["--label", f"stst={self.token}"]
        return [self._program, *head, *arguments[1:]]

    def __call__(
        self,
        *arguments: str,
        code: int | None = 0,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run it to its end; the exit code has to be ``code`` unless that is None."""
        argv = self.argv(*arguments)
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            env={**self.environment, **(environment or {})},
            timeout=TIMEOUT_S,
            check=False,
        )
        answer = Answer(tuple(argv), done.returncode, done.stdout, done.stderr)
        if code is not None and answer.exit_code != code:
            raise AssertionError(
                f"{' '.join(arguments)}: exit code {answer.exit_code}, expected {code}\n"
                f"stdout: {answer.out[-2000:]}\nstderr: {answer.err[-2000:]}"
            )
        return answer

    def start(self, *arguments: str) -> RunningCommand:
        """Start it with pipes on all three streams; use it as a context manager."""
        return RunningCommand(
            self.argv(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )

    def inspect(self, ref: str, *, kind: str = "container") -> dict[str, object]:
        """The object as the API gives it."""
        found = json.loads(self(kind, "inspect", ref).out)
        return cast("dict[str, object]", found[0])

    def format(self, ref: str, template: str, *, kind: str = "container") -> str:
        """One field of the object, through the CLI's templates."""
        return self(kind, "inspect", "--format", template, ref).line

    def name(self, stem: str = "c") -> str:
        """A container's or image's name that nobody else has."""
        return f"stst-{stem}-{secrets.token_hex(4)}"

    def remove_made(self) -> None:
        """Remove the containers that this object has made."""
        made = self("ps", "-aq", "--no-trunc", "--filter", f"label=stst={self.token}").lines
        if made:
            self("rm", "-f", "-v", *made, code=None)
