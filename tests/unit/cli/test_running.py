"""Exit codes, the shape of errors, and nothing but sentences when something goes wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from satsuma.errors import DefinitionError, Problem
from satsuma.workspace import Workspace

Runner = Callable[..., Any]
PERSONAL = "anna.lastname@example.org"


def test_no_command_shows_the_help(satsuma: Runner) -> None:
    done = satsuma()
    assert done.code == 0
    assert "Usage: satsuma" in done.out
    assert "Traceback" not in done.err


def test_the_version_is_said(satsuma: Runner) -> None:
    done = satsuma("--version")
    assert done.code == 0
    assert done.out.startswith("satsuma 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lod"], "'load'"),
        (["load"], "Missing argument"),
        (["load", "x.csv"], "--as"),
        (["segment", "list", "--nope"], "--nope"),
        (["segment", "frobnicate"], "frobnicate"),
        (["run", "list", "--limit", "many"], "--limit"),
        (["run", "list", "--limit", "0"], "--limit"),
        (["init", "x", "--timezone", "UTC"], "--currency"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_2(satsuma: Runner, arguments: list[str], said: str) -> None:
    done = satsuma(*arguments)
    assert done.code == 2
    assert said in done.err
    assert "--help" in done.err
    assert done.out == ""


def test_wrong_use_has_the_one_error_shape_with_json(satsuma: Runner) -> None:
    done = satsuma("segment", "list", "--nope", "--json")
    assert done.code == 2
    assert done.error["code"] == "wrong_use"
    assert done.error["message"] == "No such option: --nope."
    assert done.error["hint"] == "See 'satsuma segment list --help'."


def test_an_error_names_what_to_do_next(satsuma: Runner, tmp_path: Path) -> None:
    done = satsuma("segment", "list", "-w", tmp_path / "nowhere")
    assert done.code == 1
    assert done.err.startswith("Error: There is no folder")
    assert "satsuma init" in done.err


def test_several_mistakes_come_as_details(satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [
        Problem(path="segments/a.yaml", line=3, message="One.", nearest=("orders",)),
        Problem(path="segments/b.yaml", line=None, message="Two."),
    ]

    def broken(_workspace: Workspace) -> None:
        raise DefinitionError.of(problems)

    monkeypatch.setattr(Workspace, "check", broken)
    done = satsuma("check", "-w", shop, "--json")
    assert done.code == 1
    assert done.error["details"] == [
        {"path": "segments/a.yaml", "line": 3, "message": "One.", "nearest": ["orders"]},
        {"path": "segments/b.yaml", "line": None, "message": "Two.", "nearest": []},
    ]
    plain = satsuma("check", "-w", shop)
    assert plain.err.splitlines()[:3] == [
        "Error: 2 mistakes were found.",
        "  segments/a.yaml:3: One. Did you mean 'orders'?",
        "  segments/b.yaml: Two.",
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_the_unforeseen_is_a_sentence_and_a_log_without_data(
    satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    def broken(_workspace: Workspace) -> None:
        customer = PERSONAL
        raise RuntimeError(f"cannot mail {customer}")

    monkeypatch.setattr(Workspace, "check", broken)
    done = satsuma("check", "-w", shop, *(["--json"] if as_json else []))
    assert done.code == 1
    assert "RuntimeError" in done.err
    assert PERSONAL not in done.err
    assert "Traceback" not in done.err
    [log] = (shop / "state" / "logs").iterdir()
    text = log.read_text(encoding="utf-8")
    assert "test_running.py" in text
    assert PERSONAL not in text
    if as_json:
        assert done.error["log"] == str(log)


def test_a_refusal_of_the_system_is_a_sentence(satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_workspace: Workspace) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Workspace, "check", full)
    done = satsuma("check", "-w", shop)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert "disk is not full" in done.err


def test_stopping_is_said_and_has_its_code(satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_workspace: Workspace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Workspace, "check", stopped)
    done = satsuma("check", "-w", shop)
    assert done.code == 130
    assert done.err.startswith("Stopped.")


def test_ctrl_c_ends_without_a_traceback(shop: Path) -> None:
    code = (
        "import sys, time\n"
        "from satsuma.workspace import Workspace\n"
        "def wait(_):\n    print('waiting', flush=True)\n    time.sleep(60)\n"
        "Workspace.check = wait\n"
        "from satsuma.cli.running import run\n"
        f"sys.exit(run(['check', '-w', {str(shop)!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Stopped." in err


def test_ctrl_c_in_the_middle_of_a_statement_is_no_mishap(
    satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped:
        """Answers Ctrl-C as the engine does."""

        def execute(self, *_: object) -> None:
            raise RuntimeError("Query interrupted")

        def close(self) -> None:
            """Close nothing."""

    def check(workspace: Workspace) -> None:
        workspace.engine.connection.close()
        workspace.engine.connection = Stopped()  # type: ignore[assignment]
        workspace.engine.execute("SELECT 1")

    monkeypatch.setattr(Workspace, "check", check)
    done = satsuma("check", "-w", shop)
    assert done.code == 130
    assert "Stopped." in done.err


def test_a_reader_that_has_enough_ends_it_quietly(shop: Path) -> None:
    code = (
        "import sys\n"
        "from satsuma.cli import output\n"
        "from satsuma.workspace import Workspace\n"
        "Workspace.check = lambda _: output.show_lines(str(n) for n in range(1_000_000)) or {}\n"
        "from satsuma.cli.running import run\n"
        f"sys.exit(run(['check', '-w', {str(shop)!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "0\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 0
    process.stderr.close()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_mishap(shop: Path, closed: str) -> None:
    command = f'"{sys.executable}" -m satsuma segment list -w "{shop}" {closed}'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


def test_the_workspace_can_be_named_by_the_environment_or_the_folder(
    program: Callable[..., subprocess.CompletedProcess[str]], shop: Path
) -> None:
    by_environment = program("run", "list", "--json", env={"SATSUMA_WORKSPACE": str(shop)})
    assert (by_environment.returncode, by_environment.stdout) == (0, "[]\n")
    by_folder = program("run", "list", "--json", cwd=shop)
    assert (by_folder.returncode, by_folder.stdout) == (0, "[]\n")


def test_a_pipe_gets_plain_text(program: Callable[..., subprocess.CompletedProcess[str]], shop: Path) -> None:
    done = program("activity", "-w", shop)
    assert done.returncode == 0
    assert "\033" not in done.stdout


def test_a_busy_warehouse_is_a_sentence(program: Callable[..., subprocess.CompletedProcess[str]], shop: Path) -> None:
    with Workspace.open(shop) as workspace:
        workspace.data_until()
        done = program("run", "list", "-w", shop)
    assert done.returncode == 1
    assert "in use by another process" in done.stderr
