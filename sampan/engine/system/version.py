"""What this engine is."""

from __future__ import annotations

from sampan.linux.host_facts import HostFacts
from sampan.models.system import Component, PlatformName, Version
from sampan.version import API_VERSION, MIN_API_VERSION, VERSION


class DescribeVersion:
    """``GET /version``."""

    def __init__(self, *, host: HostFacts, components: list[Component]) -> None:
        self._host = host
        self._components = components

    async def __call__(self) -> Version:
        """Versions of the engine, its API, the programs it drives and the kernel."""
        kernel = self._host.kernel_release
        return Version(
            platform=PlatformName(name="Sampan"),
            components=[
                Component(
                    name="Engine",
                    version=VERSION,
                    details={
                        "ApiVersion": API_VERSION,
                        "Arch": self._host.architecture,
                        "Experimental": "false",
                        "KernelVersion": kernel,
                        "MinAPIVersion": MIN_API_VERSION,
                        "Os": "linux",
                    },
                ),
                *self._components,
            ],
            version=VERSION,
            api_version=API_VERSION,
            min_api_version=MIN_API_VERSION,
            git_commit="",
            go_version="",
            os="linux",
            arch=self._host.architecture,
            kernel_version=kernel,
        )
