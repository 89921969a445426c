"""Running one command: exit codes, the one shape of errors, and what happens when something goes wrong.

0 done, 1 failed, 2 wrong use; 130 stopped with Ctrl-C. A person sees a sentence and what to do next, a program that
said `--json` sees `{"error": {...}}` on standard error. Nobody sees a traceback: what nobody foresaw goes to a log
file that names places in the program, and no data.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from satsuma.cli.output import ReaderGoneError, printable
from satsuma.errors import SatsumaError, WrongUse
from satsuma.incidents import write_places
from satsuma.shapes import json_text

INTERRUPTED = 130


class _Current:
    """The workspace that the running command opened, for the place of a log file."""

    workspace: Path | None = None
    #: The server that is asked in place of a folder.
    server: str | None = None


def asked_server() -> str | None:
    """Return the address of the server that the running command asks; None when it opens a folder."""
    return _Current.server


def remember_workspace(path: Path) -> None:
    """Say which workspace the running command uses."""
    _Current.workspace = path


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _Current.workspace = None
    _prepare_streams()
    as_json = "--json" in given
    try:
        given, _Current.server = _take_server(given)
        code = _invoke(given)
    except SatsumaError as error:
        show_error(error, as_json=as_json)
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (BrokenPipeError, ReaderGoneError):
        code = _leave_broken_pipe()
    except Exception as error:  # the last door: nothing may pass it as a traceback
        show_error(_unexpected(error), as_json=as_json)
        code = 1
    if code == INTERRUPTED:
        sys.stderr.write("Stopped. What was under way was undone; what had been finished before is kept.\n")
    return _flushed(code)


def _take_server(arguments: list[str]) -> tuple[list[str], str | None]:
    """Take `--server URL` out of a command line, wherever it stands: every command has it.

    A folder that the line names counts more than SATSUMA_SERVER does.
    """
    kept: list[str] = []
    server: str | None = None
    rest = iter(arguments)
    for item in rest:
        if item == "--":
            kept += [item, *rest]
        elif item == "--server":
            server = next(rest, "")
        elif item.startswith("--server="):
            server = item.partition("=")[2]
        else:
            kept.append(item)
    names_folder = any(item in ("-w", "--workspace") or item.startswith("--workspace=") for item in kept)
    if server is not None and names_folder:
        raise WrongUse("--server and -w both say where the workspace is.", hint="Say one of them.")
    if server is not None and kept[:1] in (["serve"], ["init"]):
        raise WrongUse(f"'satsuma {kept[0]}' asks no server.", hint="Leave --server out.")
    if server is None and not names_folder and kept[:1] not in (["serve"], ["init"]):
        server = os.environ.get("SATSUMA_SERVER") or None
    return kept, server


def _invoke(arguments: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    from satsuma.cli.app import program

    command = typer.main.get_command(program())
    try:
        code = command.main(args=arguments, prog_name="satsuma", standalone_mode=False)
    except TyperException as error:
        raise _wrong_use(error) from None
    except typer.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _wrong_use(error: Any) -> WrongUse:
    """Turn the parser's complaint into ours."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "satsuma"
    message = " ".join(error.format_message().split())
    return WrongUse(message if message.endswith((".", "?", ")")) else f"{message}.", hint=f"See '{command} --help'.")


def show_error(error: SatsumaError, *, as_json: bool) -> None:
    """Write an error to standard error, for a program or for a person."""
    if as_json:
        sys.stderr.write(json_text(error.as_dict()) + "\n")
        return
    several = len(error.details) > 1
    lines = [f"{len(error.details)} mistakes were found." if several else error.message]
    lines += [f"  {problem}" for problem in error.details if several]
    lines += [error.hint] if error.hint else []
    is_coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write("\033[1;31mError:\033[0m " if is_coloured else "Error: ")
    sys.stderr.writelines(f"{printable(line)}\n" for line in lines)


def _unexpected(error: Exception) -> SatsumaError:
    """Return the sentence for something nobody foresaw, after writing where it happened."""
    if isinstance(error, MemoryError):
        return SatsumaError(
            "There is not enough memory for this.", hint="Close other programs, or take fewer files at a time."
        )
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ConnectionError):
        where = f" '{error.filename}'" if isinstance(error.filename, str) else ""
        return SatsumaError(
            f"The system refused{where}: {error.strerror}.",
            hint="Check that the place exists, that you may read and write it, and that its disk is not full.",
        )
    log = write_places(error, _Current.workspace)
    place = f"Where it happened is written to {log} (places in the program, no data)." if log else ""
    return SatsumaError(
        f"Something went wrong that Satsuma did not foresee ({type(error).__name__}).",
        hint=f"Nothing half-done was kept. {place} Please report it with that file.".replace("  ", " "),
        log=str(log) if log else None,
    )


def _prepare_streams() -> None:
    """Make output writable whatever it holds: UTF-8 into pipes and files, no crash on an old or closed terminal."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Closed by whoever started the program.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", **({} if stream.isatty() else {"encoding": "utf-8"}))


def _leave_broken_pipe() -> int:
    """End quietly: whoever read our output had enough of it."""
    # Python flushes standard output once more when it ends, and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _leave_broken_pipe()
    return code
