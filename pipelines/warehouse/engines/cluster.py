"""A real Spark cluster on this machine, for trying and for tests: a master, workers and a Connect server.

Belongs here: starting these processes from the PySpark package, waiting until they work, ending them and nothing
else. Not here: what runs on a cluster (spark.py), and clusters that others look after: those are named by
`spark_remote` and never started from here.

Everything listens on the loopback address, without authentication. Each process and the time it began are written
down before the next is started, so that `down` ends these and never another that got the same number.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines import memory
from pipelines.errors import MarketLedgerError
from pipelines.progress import Progress, silent
from pipelines.settings import Settings, child_environment
from pipelines.warehouse.lock import process_started

HOST = "127.0.0.1"
LEAST_JAVA = 17
START_SECONDS = 120.0
STOP_SECONDS = 15.0
DAEMON_MEGABYTES = 256
# The driver plans every query and holds the catalogue; executors hold what is being joined and sorted.
DRIVER_MEGABYTES = 1536
EXECUTOR_MEGABYTES = (700, 1024)
SHARE_OF_MACHINE = 0.6
# A cluster for trying lives for minutes: most of what the second compiler and the parallel collector do would be for
# code that is never run again. Measured: half of all processor time.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# The server keeps what its pages would show, also without pages: of a thousand queries, with their plans in full.
REMEMBER_LITTLE = {
    "spark.sql.ui.retainedExecutions": "5",
    "spark.ui.retainedJobs": "20",
    "spark.ui.retainedStages": "20",
    "spark.ui.retainedTasks": "100",
    "spark.connect.ui.retainedSessions": "5",
    "spark.connect.ui.retainedStatements": "5",
    "spark.connect.session.planCache.maxSize": "1",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "2000",
}
# By default Spark logs every step of every plan: megabytes a minute that nobody reads.
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d %p %c{1}: %m%n%ex
"""


@dataclass(frozen=True)
class Member:
    """One process of the cluster. `started` tells it from a later process with the same number."""

    name: str
    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        return bool(self.started) and process_started(self.pid) == self.started


@dataclass(frozen=True)
class Cluster:
    """A cluster as it was started: where it is reached and which processes it consists of."""

    remote: str
    master_page: str
    workers: int
    executor_megabytes: int
    members: tuple[Member, ...] = ()

    @property
    def is_alive(self) -> bool:
        return bool(self.members) and all(each.is_alive for each in self.members if not is_worker(each))

    @property
    def alive_workers(self) -> tuple[Member, ...]:
        return tuple(each for each in self.members if is_worker(each) and each.is_alive)


def is_worker(member: Member) -> bool:
    return member.name.startswith("worker")


def cluster_folder(settings: Settings) -> Path:
    return settings.data_dir / "cluster"


def read_cluster(settings: Settings) -> Cluster | None:
    """The cluster that was started for this data folder, whether or not it still runs; None if there is none."""
    try:
        noted = json.loads(_note(settings).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Cluster(**{**noted, "members": tuple(Member(**each) for each in noted["members"])})


def cluster_up(settings: Settings, workers: int, progress: Progress = silent) -> Cluster:
    """Start a master, workers and a Connect server; returns when all workers have registered."""
    found = read_cluster(settings)
    if found is not None and found.is_alive:
        raise MarketLedgerError("cluster_is_up", remote=found.remote)
    cluster_down(settings)
    spark_home, java_home = find_spark(), find_java(settings)
    executor_megabytes = executor_size(workers, memory.machine_bytes())
    folder = cluster_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log4j2.properties").write_text(LOGGING, "utf-8")
    master_port, page_port, connect_port = free_ports(3)
    start = _Starter(settings, folder, spark_home, java_home)
    cluster = Cluster(f"sc://{HOST}:{connect_port}", f"http://{HOST}:{page_port}", workers, executor_megabytes)
    steps = workers + 2
    try:
        progress("cluster", 0, steps)
        cluster = start.master(cluster, master_port, page_port)
        _wait(cluster, lambda: _alive_workers(cluster) is not None, folder)
        progress("cluster", 1, steps)
        for number in range(1, workers + 1):
            cluster = start.worker(cluster, number, master_port)
        cluster = start.connect_server(cluster, master_port, connect_port)
        for number in range(1, workers + 1):
            _wait(cluster, lambda wanted=number: (_alive_workers(cluster) or 0) >= wanted, folder)  # type: ignore[misc]
            progress("cluster", 1 + number, steps)
        _wait(cluster, lambda: is_listening(HOST, connect_port), folder)
        progress("cluster", steps, steps)
    except BaseException:
        cluster_down(settings)
        raise
    return cluster


def cluster_down(settings: Settings) -> Cluster | None:
    """End the processes that `cluster_up` started for this data folder; returns what was there."""
    found = read_cluster(settings)
    if found is None:
        return None
    for ending in (signal.SIGTERM, signal.SIGKILL):
        for member in found.members:
            end(member, ending)
        deadline = time.monotonic() + STOP_SECONDS
        while any(each.is_alive for each in found.members) and time.monotonic() < deadline:
            time.sleep(0.1)
    for left in ("work", "scratch"):
        shutil.rmtree(cluster_folder(settings) / left, ignore_errors=True)
    _note(settings).unlink(missing_ok=True)
    return found


def end(member: Member, how: signal.Signals) -> None:
    """Send a signal to a member and the executors it started: they are one process group."""
    if member.is_alive:
        os.killpg(member.pid, how)


def find_spark() -> Path:
    """The folder of the PySpark package, which holds the whole of Spark."""
    import importlib.util

    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None or not (Path(found.origin).parent / "jars").is_dir():
        raise MarketLedgerError("spark_not_installed")
    return Path(found.origin).parent


def find_java(settings: Settings) -> str:
    """The java that Spark would take, if it is new enough: JAVA_HOME's, else the first on the PATH."""
    environment = child_environment(settings)
    named = environment.get("JAVA_HOME")
    java = str(Path(named) / "bin" / "java") if named else shutil.which("java", path=environment.get("PATH"))
    version = java_version(java) if java else None
    if java is None or version is None:
        raise MarketLedgerError("java_missing", least=LEAST_JAVA)
    if version < LEAST_JAVA:
        raise MarketLedgerError("java_too_old", least=LEAST_JAVA, found=version, path=java)
    return java


def java_version(java: str) -> int | None:
    """The feature release (17, 21); None where there is no java."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found else None


def executor_size(workers: int, machine_bytes: int) -> int:
    """Megabytes of each executor: what is left of the cluster's share of the machine, within sensible bounds."""
    least, most = EXECUTOR_MEGABYTES
    fixed = DRIVER_MEGABYTES + DAEMON_MEGABYTES * (workers + 1)
    each = (int(machine_bytes * SHARE_OF_MACHINE) // memory.MEGABYTE - fixed) // workers
    if each < least:
        raise MarketLedgerError(
            "cluster_too_large", workers=workers, machine=f"{machine_bytes / 1000 / memory.MEGABYTE:.0f}"
        )
    return min(each, most)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with _sockets(count) as taken:
        return [each.getsockname()[1] for each in taken]


def is_listening(host: str, port: int, seconds: float = 1.0) -> bool:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


@contextmanager
def _sockets(count: int) -> Iterator[list[socket.socket]]:
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind((HOST, 0))
        yield taken
    finally:
        for each in taken:
            each.close()


@dataclass(frozen=True)
class _Starter:
    """Starts one process after the other and writes each down."""

    settings: Settings
    folder: Path
    spark_home: Path
    java: str

    def master(self, cluster: Cluster, port: int, page_port: int) -> Cluster:
        arguments = ["org.apache.spark.deploy.master.Master", "--host", HOST, "--port", str(port)]
        return self._start(cluster, "master", [*arguments, "--webui-port", str(page_port)], DAEMON_MEGABYTES)

    def worker(self, cluster: Cluster, number: int, master_port: int) -> Cluster:
        cores = max(1, (os.cpu_count() or 1) // cluster.workers)
        arguments = ["org.apache.spark.deploy.worker.Worker", "--host", HOST, "--cores", str(cores)]
        arguments += ["--memory", f"{cluster.executor_megabytes}m", "--webui-port", "0"]
        arguments += ["--work-dir", str(self.folder / "work" / str(number)), f"spark://{HOST}:{master_port}"]
        return self._start(cluster, f"worker {number}", arguments, DAEMON_MEGABYTES)

    def connect_server(self, cluster: Cluster, master_port: int, port: int) -> Cluster:
        options = {
            "spark.executor.memory": f"{cluster.executor_megabytes}m",
            "spark.executor.extraJavaOptions": SHORT_LIVED,
            "spark.driver.extraJavaOptions": SHORT_LIVED,
            "spark.connect.grpc.binding.address": HOST,
            "spark.connect.grpc.binding.port": str(port),
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.driver.memory": f"{DRIVER_MEGABYTES}m",
            "spark.sql.warehouse.dir": str(self.folder / "work" / "warehouse"),
            "spark.sql.shuffle.partitions": str(max(cluster.workers, os.cpu_count() or 1)),
            # Plans made anew after every stage pay off on large data; a report of many small parts is mostly planning.
            "spark.sql.adaptive.enabled": "false",
            "spark.ui.enabled": "false",
            **REMEMBER_LITTLE,
        }
        arguments = ["org.apache.spark.deploy.SparkSubmit"]
        arguments += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
        arguments += ["--master", f"spark://{HOST}:{master_port}", "--name", "market-ledger"]
        for name, value in options.items():
            arguments += ["--conf", f"{name}={value}"]
        return self._start(cluster, "connect server", [*arguments, "spark-internal"], DRIVER_MEGABYTES)

    def _start(self, cluster: Cluster, name: str, arguments: list[str], megabytes: int) -> Cluster:
        environment = child_environment(
            self.settings,
            SPARK_HOME=str(self.spark_home),
            SPARK_LOCAL_IP=HOST,  # otherwise Spark offers the address of the network card
            SPARK_CONF_DIR=str(self.folder),
            SPARK_NO_DAEMONIZE="1",
            SPARK_LOCAL_DIRS=str(self.folder / "scratch"),
            SPARK_DAEMON_MEMORY=f"{megabytes}m",
            SPARK_DAEMON_JAVA_OPTS=f"-Dspark.master.rest.enabled=false {SHORT_LIVED}",  # no second way in
            SPARK_WORKER_DIR=str(self.folder / "work"),
            JAVA_HOME=str(Path(self.java).resolve().parent.parent),
        )
        log = self.folder / f"{name.replace(' ', '_')}.log"
        with log.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [str(self.spark_home / "bin" / "spark-class"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment,
                start_new_session=True,  # Ctrl-C in the terminal ends the command, not the cluster
            )
        member = Member(name, process.pid, process_started(process.pid) or "")
        cluster = replace(cluster, members=(*cluster.members, member))
        _write(self.settings, cluster)
        return cluster


def _wait(cluster: Cluster, is_ready: Callable[[], bool], folder: Path) -> None:
    """Until it is ready; an error that names the log as soon as one of the processes has ended."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        gone = [each.name for each in cluster.members if not each.is_alive]
        if gone or time.monotonic() > deadline:
            waited_for = gone[0] if gone else cluster.members[-1].name
            log = folder / f"{waited_for.replace(' ', '_')}.log"
            raise MarketLedgerError("cluster_did_not_start", name=waited_for, log=str(log))
        time.sleep(0.2)


def _alive_workers(cluster: Cluster) -> int | None:
    """How many workers the master counts; None while it does not answer."""
    try:
        with closing(urllib.request.urlopen(f"{cluster.master_page}/json/", timeout=2)) as answer:
            return int(json.loads(answer.read())["aliveworkers"])
    except (OSError, ValueError, KeyError):
        return None


def _note(settings: Settings) -> Path:
    return cluster_folder(settings) / "cluster.json"


def _write(settings: Settings, cluster: Cluster) -> None:
    file = _note(settings)
    aside = file.with_name(f"{file.name}.tmp-{os.getpid()}")
    aside.write_text(json.dumps(asdict(cluster), indent=1), "utf-8")
    aside.replace(file)
