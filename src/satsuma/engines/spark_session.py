"""The Spark session of this process: started when first needed, on this computer or connected to a cluster."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import WorkspaceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = "Install it with: pip install 'satsuma[spark]'"

#: What the meaning of statements rests on; set on every session, whatever a cluster's own defaults are.
MEANING: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",
    "spark.sql.caseSensitive": "true",
    # Times without a zone are read as such, and days before 1582 as they were written.
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
}

#: What only costs time, and may be set otherwise. A task makes one table of its rows in any case: fewer, larger
#: batches cost less.
_SPEED: Mapping[str, str] = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "200000",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def local_defaults(processors: int) -> dict[str, str]:
    """Return how Spark runs on this computer unless the settings say otherwise."""
    return {
        # Nothing listens on the network.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        # Two hundred partitions, the default, are tasks of milliseconds here.
        "spark.sql.shuffle.partitions": str(processors),
        # Executors live in the driver: this is the memory of all. Answers of any size come to it.
        "spark.driver.memory": "2g",
        "spark.driver.maxResultSize": "0",
        # Temporary views are all that is made: no catalogue on disk.
        "spark.sql.catalogImplementation": "in-memory",
    }


def open_session(
    master: str | None, remote: str | None, settings: Mapping[str, str], log: Path
) -> SparkSession:  # fmt: skip
    """Return a session of its own in the Spark of this process, starting that when there is none.

    Parameters
    ----------
    master : `local[n]` or `spark://HOST:PORT`; all processors of this computer when not given.
    remote : the address of a Spark Connect server, `sc://HOST:PORT`, in place of a master.
    settings : Spark's own settings. Those of its start count for the first session of a process.
    log : the file to which a Spark that is started here writes.

    Raises
    ------
    WorkspaceError
        When PySpark or Java is missing, or Spark does not start.
    """
    _check_installed()
    with _started(log):
        from pyspark.logger import PySparkLogger

        session = _connected(remote) if remote else _own(master, settings, log)
        # They write the text of an error to the terminal, which may repeat a value of the data.
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True
        for key, value in {**_SPEED, **_changeable(session, settings), **MEANING}.items():
            session.conf.set(key, value)
    return session


def _check_installed() -> None:
    for package in ("pyspark", "pandas"):
        if importlib.util.find_spec(package) is None:
            raise WorkspaceError(
                f"The engine 'spark' needs {package}, which is not installed.",
                hint=f"{INSTALL}. Or say engine: duckdb in satsuma.yaml.",
            )


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and shutil.which("java", path=str(Path(home) / "bin"))):
        raise WorkspaceError(
            "The engine 'spark' needs Java, which is not found.",
            hint="Install Java 17 or later (Debian and Ubuntu: apt install openjdk-17-jre-headless), or set JAVA_HOME "
            "to where it is. A Spark Connect server (engine: {name: spark, remote: sc://HOST}) needs none here.",
        )


def _connected(remote: str) -> SparkSession:
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(remote).create()


def _own(master: str | None, settings: Mapping[str, str], log: Path) -> SparkSession:
    """Return a session beside whatever else uses the Spark of this process."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None:
        _check_java()
        conf = SparkConf()
        # Under spark-submit the address and its settings are there already.
        if "PYSPARK_GATEWAY_PORT" not in os.environ:
            master = master or "local[*]"
            conf.setMaster(master).setAppName("Satsuma")
            is_local = master.startswith("local")
            conf.setAll(list({**(local_defaults(_processors(master)) if is_local else {}), **_QUIET}.items()))
        conf.setAll(list(settings.items()))
        with _same_python() if conf.get("spark.master", "").startswith("local") else nullcontext():
            _start(conf, log)
    return SparkSession.builder.getOrCreate().newSession()


_QUIET = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "WARN"}


def _processors(master: str) -> int:
    found = re.fullmatch(r"local\[(\d+).*\]", master)
    return int(found[1]) if found else 1 if master == "local" else os.cpu_count() or 1


def _start(conf: object, log: Path) -> None:
    """Start Spark; what it has to say goes to a file and not between the lines of a terminal."""
    from pyspark import SparkContext
    from pyspark.java_gateway import launch_gateway

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        gateway = SparkContext._gateway or launch_gateway(conf, {"stdout": file, "stderr": file})
        SparkContext(conf=conf, gateway=gateway)


@contextmanager
def _same_python() -> Iterator[None]:
    """Let tasks on this computer run in this Python, where Satsuma is installed, unless somebody said which."""
    name = "PYSPARK_PYTHON"
    if name in os.environ:
        yield
        return
    os.environ[name] = sys.executable
    try:
        yield
    finally:
        del os.environ[name]


def _changeable(session: SparkSession, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a running Spark still takes."""
    found = {}
    for key, value in settings.items():
        with suppress(Exception):
            if session.conf.isModifiable(key):
                found[key] = value
    return found


@contextmanager
def unremarked() -> Iterator[None]:
    """Keep to itself what Spark remarks on the version of pandas, of which nothing is used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def condition_of(error: BaseException) -> str:
    """Return the name that Spark gives an error; its message may repeat a value of the data."""
    from pyspark.errors import PySparkException

    return (error.getCondition() if isinstance(error, PySparkException) else None) or type(error).__name__


@contextmanager
def _started(log: Path) -> Iterator[None]:
    """Turn a Spark that does not start into a sentence."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        with unremarked():
            yield
    except (PySparkException, Py4JError, ImportError, OSError) as error:
        condition = condition_of(error)
        if condition == "PACKAGE_NOT_INSTALLED" or isinstance(error, ImportError):
            hint = "A Spark Connect server needs more of PySpark. Install it with: pip install 'pyspark[connect]'"
        else:
            hint = f"Check 'engine' in satsuma.yaml, and that Java is 17 or later. What Spark said is in {log}."
        raise WorkspaceError(f"Spark does not start ({condition}).", hint=hint, condition=condition) from error
