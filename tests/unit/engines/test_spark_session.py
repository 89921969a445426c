"""What is said when Spark cannot be had; none of it starts one."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from satsuma.engines import spark_session
from satsuma.engines.spark_session import MEANING, local_defaults, open_session
from satsuma.errors import WorkspaceError


@pytest.mark.parametrize("missing", ["pyspark", "pandas"])
def test_a_missing_package_is_named_with_what_to_install(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(WorkspaceError, match=f"needs {missing}") as caught:
        open_session("local[1]", None, {}, tmp_path / "spark.log")
    assert "pip install 'satsuma[spark]'" in caught.value.hint


def test_a_missing_java_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(WorkspaceError, match="needs Java") as caught:
        spark_session._check_java()
    assert "Java 17" in caught.value.hint


def test_a_java_that_only_its_home_knows_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    spark_session._check_java()


@pytest.mark.parametrize(("master", "processors"), [("local", 1), ("local[3]", 3), ("local[2,4]", 2)])
def test_a_local_spark_has_a_partition_for_each_processor(master: str, processors: int) -> None:
    assert spark_session._processors(master) == processors
    assert local_defaults(processors)["spark.sql.shuffle.partitions"] == str(processors)
    assert spark_session._processors("local[*]") >= 1


def test_the_meaning_of_statements_does_not_hang_on_a_clusters_defaults(session: Any) -> None:
    assert {key: session.conf.get(key) for key in MEANING} == dict(MEANING)
