"""The daemon's object graph, built by hand."""

from __future__ import annotations

import dataclasses
import os
import random
import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from sampan.api.containers import ContainerRoutes
from sampan.api.execs import ExecRoutes
from sampan.api.images import ImageRoutes
from sampan.api.router import Route
from sampan.api.system import SystemRoutes
from sampan.bundle.plan import default_seccomp
from sampan.config.settings import Settings
from sampan.containers.store import ContainerStore
from sampan.content.store import ContentStore
from sampan.daemon.images import StoredImages
from sampan.daemon.preflight import Ready
from sampan.engine.background import Background
from sampan.engine.containers.attach import AttachContainer
from sampan.engine.containers.create import CreateContainer
from sampan.engine.containers.defaults import LOG_DRIVERS, HostDefaults
from sampan.engine.containers.discard import DiscardContainer
from sampan.engine.containers.exec_create import CreateExec
from sampan.engine.containers.exec_inspect import InspectExec, ResizeExec
from sampan.engine.containers.exec_start import StartExec
from sampan.engine.containers.exit import SuperviseTask
from sampan.engine.containers.image_names import ImageNames
from sampan.engine.containers.image_usage import ContainersOfImage
from sampan.engine.containers.inspect import InspectContainer
from sampan.engine.containers.kill import KillContainer
from sampan.engine.containers.list import ListContainers
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.logs import ContainerLogs
from sampan.engine.containers.pause import PauseContainer, UnpauseContainer
from sampan.engine.containers.plan import ExecPlanner, TaskPlanner, TaskSettings
from sampan.engine.containers.prune import PruneContainers
from sampan.engine.containers.recover import RecoverContainers
from sampan.engine.containers.remove import RemoveContainer
from sampan.engine.containers.rename import RenameContainer
from sampan.engine.containers.resize import ResizeContainer
from sampan.engine.containers.resources import Resources
from sampan.engine.containers.restart import RestartContainer
from sampan.engine.containers.sizes import MeasureContainer
from sampan.engine.containers.start import StartContainer
from sampan.engine.containers.stop import StopContainer
from sampan.engine.containers.top import TopContainer
from sampan.engine.containers.wait import WaitContainer
from sampan.engine.system.disk import DiskUsage
from sampan.engine.system.events import SubscribeEvents
from sampan.engine.system.info import DescribeEngine, EngineFacts
from sampan.engine.system.networks import InspectNetwork, ListNetworks
from sampan.engine.system.version import DescribeVersion
from sampan.events.bus import EventBus
from sampan.linux.files import remove_tree
from sampan.linux.offload import offload
from sampan.linux.seccomp_filter import FilterCompiler
from sampan.metadata.database import Database
from sampan.network.networks import Networks
from sampan.network.settings import DEFAULT_POOLS, NetworkSettings
from sampan.runtime.execs import Execs
from sampan.runtime.oci import OciRuntime
from sampan.runtime.paths import RuntimePaths
from sampan.runtime.tasks import Tasks
from sampan.snapshots.snapshotter import OverlaySnapshotter

_ENGINE_ID = "engine_id"
# Docker's name for the family.
_FILE_SYSTEMS = {"ext2": "extfs", "ext3": "extfs", "ext4": "extfs"}
_STARTED_NS = time.time_ns()
# A download may be gone on with that long after it was cut short.
_PARTIAL_KEPT_NS = 7 * 24 * 3600 * 1_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine:
    """What the daemon's life needs of the graph."""

    db: Database
    events: EventBus
    networks: Networks
    snapshots: OverlaySnapshotter
    recover: RecoverContainers
    remove: RemoveContainer
    store: ContainerStore
    images: StoredImages
    routes: list[Route]
    warm: Callable[[], Coroutine[object, object, None]]
    tidy: Callable[[], Coroutine[object, object, None]]


def new_id() -> str:
    """An id of 64 hexadecimal digits whose first twelve are not a number: short ids name hosts."""
    while True:
        made = secrets.token_hex(32)
        if not made[:12].isdigit():
            return made


def build(settings: Settings, ready: Ready, background: Background) -> Engine:
    """Every object of the engine, none of them started."""
    data_root, exec_root = Path(settings.data_root), Path(settings.exec_root)
    _make_directories(data_root, exec_root)
    db = Database.open(data_root / "sampan.db")
    events = EventBus()
    content = ContentStore(data_root / "content", db)
    snapshots = OverlaySnapshotter(data_root / "snapshots", db)
    networks = Networks(db=db, exec_root=exec_root, settings=network_settings(settings))
    store = ContainerStore(db)
    live = LiveContainers()
    images = StoredImages(
        db=db,
        content=content,
        snapshots=snapshots,
        spool=data_root / "tmp",
        architecture=ready.host.architecture,
        usage=ContainersOfImage(store=store),
        events=events,
        background=background,
    )
    names = ImageNames(store=images.store)
    sizes = MeasureContainer(snapshots=snapshots, images=images.store)

    paths = RuntimePaths(exec_root)
    oci = OciRuntime(
        name=settings.default_runtime, program=ready.runtimes[settings.default_runtime], root=paths.state
    )
    tasks = Tasks(paths=paths, oci=oci, conmon=ready.conmon)
    resources = Resources(data_root=data_root, tasks=tasks, snapshots=snapshots, networks=networks)
    compiler = FilterCompiler()
    task_settings = TaskSettings(
        host=ready.host,
        cgroup_parent=settings.cgroup_parent_path,
        seccomp_profile=ready.seccomp_profile,
        seccomp_tightened=ready.seccomp_tightened,
        seccomp_compiler=compiler,
        init_program=ready.init_program,
        default_ulimits=tuple((limit.name, limit.soft, limit.hard) for limit in settings.default_ulimits),
        dns=settings.dns,
        dns_search=settings.dns_search,
        dns_options=settings.dns_opts,
    )
    discard = DiscardContainer(
        store=store,
        live=live,
        resources=resources,
        events=events,
        background=background,
        images=names,
        collect=images.collect,
    )
    supervise = SuperviseTask(
        store=store,
        live=live,
        tasks=tasks,
        resources=resources,
        discard=discard,
        events=events,
        background=background,
    )
    start = StartContainer(
        store=store,
        live=live,
        tasks=tasks,
        resources=resources,
        networks=networks,
        planner=TaskPlanner(store=store, resources=resources, settings=task_settings),
        supervise=supervise,
        discard=discard,
        events=events,
    )
    stop = StopContainer(store=store, live=live, tasks=tasks, events=events)
    remove = RemoveContainer(store=store, live=live, tasks=tasks, discard=discard)
    list_containers = ListContainers(store=store, images=names, sizes=sizes)
    container_routes = ContainerRoutes(
        create=CreateContainer(
            store=store,
            images=names,
            snapshots=snapshots,
            resources=resources,
            events=events,
            defaults=_host_defaults(settings, ready),
            new_id=new_id,
            randomness=random.SystemRandom(),
        ),
        start=start,
        stop=stop,
        restart=RestartContainer(store=store, stop=stop, start=start, events=events),
        kill=KillContainer(store=store, live=live, tasks=tasks, events=events),
        pause=PauseContainer(store=store, live=live, tasks=tasks, events=events),
        unpause=UnpauseContainer(store=store, live=live, tasks=tasks, events=events),
        rename=RenameContainer(store=store, events=events),
        remove=remove,
        wait=WaitContainer(store=store, live=live),
        attach=AttachContainer(store=store, live=live, tasks=tasks, events=events),
        logs=ContainerLogs(store=store, live=live),
        inspect=InspectContainer(
            store=store, live=live, resources=resources, snapshots=snapshots, sizes=sizes
        ),
        list_=list_containers,
        top=TopContainer(store=store),
        resize=ResizeContainer(store=store, tasks=tasks),
        prune=PruneContainers(store=store, remove=remove, sizes=sizes, events=events),
    )
    exec_routes = ExecRoutes(
        create=CreateExec(store=store, live=live, events=events, new_id=new_id),
        start=StartExec(
            store=store,
            live=live,
            execs=Execs(paths=paths, oci=oci, conmon=ready.conmon),
            planner=ExecPlanner(resources=resources, settings=task_settings),
            events=events,
            background=background,
        ),
        inspect=InspectExec(live=live),
        resize=ResizeExec(live=live, tasks=tasks),
    )
    image_routes: ImageRoutes = images.routes
    system_routes = SystemRoutes(
        version=DescribeVersion(host=ready.host, components=[]),
        info=DescribeEngine(
            facts=_engine_facts(settings, ready, engine_id(db)),
            containers=store,
            images=images.store,
            events=events,
        ),
        events=SubscribeEvents(events=events),
        disk=DiskUsage(containers=list_containers, images=image_routes.list_),
        networks=ListNetworks(networks=networks),
        network=InspectNetwork(networks=networks, containers=store),
    )
    recover = RecoverContainers(
        store=store,
        live=live,
        tasks=tasks,
        resources=resources,
        snapshots=snapshots,
        networks=networks,
        supervise=supervise,
        discard=discard,
    )
    return Engine(
        db=db,
        events=events,
        networks=networks,
        snapshots=snapshots,
        recover=recover,
        remove=remove,
        store=store,
        images=images,
        warm=lambda: _warm(ready, compiler),
        tidy=lambda: _tidy(data_root, content, images, snapshots),
        routes=[
            *container_routes.routes(),
            *exec_routes.routes(),
            *image_routes.routes(),
            *system_routes.routes(),
        ],
    )


async def _warm(ready: Ready, compiler: FilterCompiler) -> None:
    """Compile the default seccomp filter before the first container needs it."""
    if ready.seccomp_profile is not None:
        section = default_seccomp(ready.seccomp_profile, ready.host, tightened=ready.seccomp_tightened)
        await offload(compiler, section)


async def _tidy(
    data_root: Path, content: ContentStore, images: StoredImages, snapshots: OverlaySnapshotter
) -> None:
    """Delete what transfers and removals of an earlier daemon left behind."""

    def work() -> None:
        for path in (data_root / "tmp").iterdir():
            if path.stat().st_mtime_ns < _STARTED_NS:
                remove_tree(path)
        content.expire_ingests(_STARTED_NS - _PARTIAL_KEPT_NS)
        images.sweep()
        snapshots.sweep()

    await offload(work)


def network_settings(settings: Settings) -> NetworkSettings:
    """The part of the settings that concerns networks."""
    return NetworkSettings(
        prefix=settings.prefix,
        bridge=settings.bridge,
        bip=settings.bip,
        pools=_pools(settings),
        mtu=settings.mtu,
        ip_forward=settings.ip_forward,
    )


def engine_id(db: Database) -> str:
    """This engine's id, made once and kept."""
    with db.write() as connection:
        row = connection.execute("SELECT value FROM kv WHERE key = ?", (_ENGINE_ID,)).fetchone()
        if row is None:
            row = (secrets.token_hex(16).encode(),)
            connection.execute("INSERT INTO kv (key, value) VALUES (?, ?)", (_ENGINE_ID, row[0]))
    made: bytes = row[0]
    return made.decode()


def _pools(settings: Settings) -> tuple[tuple[str, int], ...]:
    return tuple((pool.base, pool.size) for pool in settings.default_address_pools) or DEFAULT_POOLS


def _host_defaults(settings: Settings, ready: Ready) -> HostDefaults:
    return HostDefaults(
        host=ready.host,
        # One runtime serves all containers so far; another that is asked for is refused.
        runtimes=(settings.default_runtime,),
        default_runtime=settings.default_runtime,
        shm_size=settings.default_shm_size,
        cgroupns_mode=settings.default_cgroupns_mode,
        log_driver=settings.log_driver,
        log_options=dict(settings.log_opts),
        init=settings.init,
        no_new_privileges=settings.no_new_privileges,
    )


def _engine_facts(settings: Settings, ready: Ready, own_id: str) -> EngineFacts:
    environment = settings.environment
    return EngineFacts(
        engine_id=own_id,
        host=ready.host,
        data_root=settings.data_root,
        backing_filesystem=_FILE_SYSTEMS.get(ready.data_root_type, ready.data_root_type),
        runtimes={settings.default_runtime: ready.runtimes[settings.default_runtime]},
        default_runtime=settings.default_runtime,
        log_driver=settings.log_driver,
        log_drivers=LOG_DRIVERS,
        debug=settings.debug,
        labels=settings.labels,
        seccomp=ready.seccomp_profile is not None,
        pools=tuple((pool.base, pool.size) for pool in settings.default_address_pools),
        http_proxy=environment.http_proxy,
        https_proxy=environment.https_proxy,
        no_proxy=environment.no_proxy,
    )


def _make_directories(data_root: Path, exec_root: Path) -> None:
    """The roots: other users may pass through to what is mounted for them, and list nothing."""
    for directory in (data_root, data_root / "containers", data_root / "tmp"):
        directory.mkdir(mode=0o710, parents=True, exist_ok=True)
    for directory in (exec_root, exec_root / "containers", exec_root / "runtime"):
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    os.chmod(data_root, 0o710)
