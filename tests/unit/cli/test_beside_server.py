"""Commands beside a running server answer what they answer in the folder: the same text, the same JSON and files."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from listening_server import listening
from persona_shop import AS_OF, CUSTOMERS, persona_shop
from quick_passwords import quick_passwords
from satsuma import Workspace
from small_server import PERSON, fill

__all__ = ["quick_passwords"]
Runner = Callable[..., Any]
Line = tuple[str, ...]

#: Looks that change nothing. TRIED, BROKEN and COHORT are files of whoever asks.
LOOKS: tuple[Line, ...] = (
    ("check",), ("lint",), ("quality",), ("run", "list"), ("plan",), ("quarantine", "list"),
    ("suggest", "--dry-run"), ("fmt", "--check"), ("fmt", "--diff", "segments/buyers.yaml"), ("segment", "list"),
    ("segment", "show", "buyers"), ("segment", "members", "buyers"), ("segment", "explain", "buyers"),
    ("segment", "preview", "TRIED"), ("segment", "overlap"), ("segment", "why", "big", "--customer", PERSON),
    ("segment", "why", "TRIED", "--customer", "b", "--at", "2024-06-30"),
    ("segment", "backtest", "big", "--from", "2024-05-01", "--to", "2024-06-30"),
    ("segment", "backtest", "TRIED", "--from", "2024-06-01", "--to", "2024-06-30", "--every", "2 weeks"),
    ("segment", "diff", "big"), ("segment", "diff", "big", "TRIED"),
    ("segment", "diff", "buyers", "--at", "2024-06-02", "--at", "2024-06-30"),
    ("segmentation", "list"), ("segmentation", "show", "halves"), ("trait", "list"), ("trait", "show", "paid"),
    ("model", "list"), ("model", "show", "halves"), ("scale", "list"), ("advise",),
    ("import-definition", "--from", "posthog", "COHORT"),
    ("import-definition", "--from", "posthog", "COHORT", "--map", "plan=country"),
)  # fmt: skip

#: Shown in one way alone.
ONCE: tuple[Line, ...] = (
    ("schema", "--kind", "segment"), ("trait", "show", "paid", "--values"), ("segment", "members", "buyers", "--ids"),
    ("segmentation", "show", "halves", "--assignments"),
)  # fmt: skip

#: What goes wrong alike, in a request or in a job.
MISTAKES: tuple[Line, ...] = (
    ("segment", "show", "byers"), ("segment", "why", "big", "--customer", "nobody"), ("evidence", "byers"),
    ("segment", "preview", "BROKEN"), ("segment", "backtest", "BROKEN", "--from", "2024-06-01"),
    ("discover", "--traits", "payd"), ("scale", "factors", "--rotation", "none"), ("segmentation", "migration", "x"),
    ("export", "byers", "--to", "OUT.csv"), ("report", "-o", "OUT.txt"), ("export", "big", "--to", "OUT.txt"),
    ("import-definition", "--from", "nobody", "COHORT"), ("load", "none.csv", "--as", "customers"),
    ("load", "COHORT", "--as", "custmers"), ("trait", "delete", "paid"), ("list", "delete", "guest"),
    ("user", "role", "nobody", "viewer"), ("key", "revoke", "99"), ("run", "--as-of", "tomorrow"),
)  # fmt: skip

#: What changes the workspace, or writes files of whoever asks, in this order.
CHANGES: tuple[Line, ...] = (
    ("load", "ORDERS", "--as", "order-lines", "--map", "customer_id=Client", "--dry-run", "--save-mapping", "OUT.map"),
    ("load", "ORDERS", "--as", "order-lines", "--mapping", "OUT.map"), ("quarantine", "show", "2"),
    ("quarantine", "retry", "2"), ("run", "--as-of", "2024-07-01"), ("refresh", "--as-of", "2024-07-02"),
    ("report", "-o", "OUT.svg"),
    ("export", "buyers", "--to", "OUT.csv", "--traits", "paid,country"),
    ("segment", "diff", "big", "buyers", "--ids", "-o", "DIFF.csv"),
    ("segment", "backtest", "buyers", "--from", "2024-06-01", "--to", "2024-06-30", "-o", "STEPS.csv"),
    ("suggest",), ("fmt",), ("segment", "rename", "big", "grand"), ("segment", "delete", "grand"),
    ("list", "delete", "guests"),
    ("import-definition", "--from", "posthog", "COHORT", "--map", "plan=country", "-o", "NEW.yaml"),
    ("lint",), ("user", "add", "ada", "--role", "viewer"), ("user", "role", "ada", "analyst"), ("user", "list"),
    ("user", "reset", "ada"),
    ("key", "make", "site", "--scope", "write"), ("key", "revoke", "4"),
)  # fmt: skip

#: What takes more customers than a handful; each computes for a while.
FINDINGS: tuple[Line, ...] = (
    ("evidence", "guests", "--no-past"), ("insights", "--history", "1", "--by", "plans"),
    ("persona", "show", "few", "--numbers"),
    ("segmentation", "migration", "amounts", "--since", "2024-09-01"), ("scale", "show", "liking", "--by", "country"),
    ("scale", "factors"), ("discover", "rules", "rings", "--traits", "age,country", "--json"),
    ("discover", "--traits", "age,q1", "--groups", "2", "--using", "kmeans"),
    ("persona", "show", "few", "-o", "OUT.html"),
)  # fmt: skip

FILES = {
    "TRIED": "segment: big\nwhere: {trait: paid, gte: 20}\n",
    "BROKEN": "segment: big\nwhere: {trait: payd, gte: 5}\n",
    "COHORT": json.dumps(
        {"name": "Plus", "filters": {"properties": {"type": "AND", "values": [
            {"type": "AND", "values": [{"key": "plan", "type": "person", "value": ["plus"], "operator": "exact"}]}]}}}
    ),
    "ORDERS": "order_id,Client,order_date,product,quantity,price\n1,b,2024-06-20,tea,1,5\n2,c,never,tea,1,5\n",
}  # fmt: skip

#: Moments of doing something, how long it took, what is secret, and who is at work differ each time.
_NEW = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?|\d+ \w{3} \d{4}, \d\d:\d\d|\d+(\.\d+)? (ms|s)\b|"
    r"\"seconds\": [\d.e-]+|\d{8}T\d{6}\d*|sat_[\w-]+|(?<=assword: )\S+|user (root|key \d+ \(\w+\))|ORDERS.csv|ORDERS"
)


def told(satsuma: Runner, line: Sequence[str], *where: object) -> tuple[int, str, str]:
    done = satsuma(*line, *where)
    return done.code, _same(done.out), _same(done.err)


def _same(text: str) -> str:
    # What differs in length moves the columns of a table.
    return re.sub(r"[ ─]+", " ", _NEW.sub("NEW", text))


@pytest.fixture(autouse=True)
def quick_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tree of commands be built once: that takes longer than most of them."""
    import typer

    from satsuma.cli.app import program

    built = typer.main.get_command(program())
    monkeypatch.setattr(typer.main, "get_command", lambda _program: built)
    monkeypatch.setattr("satsuma.cli.app.program", lambda: None)


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of whoever asks."""
    monkeypatch.delenv("SATSUMA_SERVER", raising=False)
    folder = tmp_path / "caller"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with fill(tmp_path_factory.mktemp("small")) as shop:
        shop.run("2024-07-01")
        (shop.path / "segments" / "big.yaml").write_text("segment: big\nwhere: {trait: paid, gte: 15}\n")
        return shop.path


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Iterator[str]]:
    """Serve a folder; yield the address, with the key in place."""

    def serve(folder: Path) -> Iterator[str]:
        with listening(Workspace.open(folder)) as (host, port, keys):
            monkeypatch.setenv("SATSUMA_API_KEY", keys["admin"])
            yield f"http://{host}:{port}"

    return serve


def in_folder(
    satsuma: Runner, lines: Sequence[Line], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[Line, tuple[int, str, str]]:  # fmt: skip
    """Ask in the workspace's folder, where files of definitions are named as there.

    It is opened once: opening a warehouse for each of a hundred commands takes longer than they do.
    """
    found = {}
    with Workspace.open(folder) as shop, monkeypatch.context() as patch:
        patch.setattr(Workspace, "open", lambda _path: shop)
        patch.setattr(Workspace, "close", lambda _shop: None)
        for line in lines:
            with monkeypatch.context() as there:
                if line[0] == "fmt":
                    there.chdir(folder)
                found[line] = told(satsuma, line, "-w", folder)
    shop.close()
    return found


def test_looks_and_mistakes_are_answered_alike(
    satsuma: Runner, small: Path, caller: Path, beside: Callable[[Path], Iterator[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        *LOOKS,
        *((*look, "--json") for look in LOOKS),
        *ONCE,
        *MISTAKES,
        *((*line, "--json") for line in MISTAKES),
    ]
    here = in_folder(satsuma, lines, small, monkeypatch)
    assert {code for code, *_ in here.values()} == {0, 1, 2}
    for url in beside(small):
        for line in lines:
            assert told(satsuma, line, "--server", url) == here[line], line


def test_changes_are_made_alike(
    satsuma: Runner, small: Path, caller: Path, beside: Callable[[Path], Iterator[str]],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    written = []
    for name in ("here", "there"):
        folder, side = tmp_path / name, tmp_path / f"{name}-caller"
        shutil.copytree(small, folder)
        shutil.copytree(caller, side)
        monkeypatch.chdir(side)
        if name == "here":
            with Workspace.open(folder) as shop:
                # As the server of the tests does: one for each scope.
                for scope in ("write", "read", "admin"):
                    shop.access.keys.make(scope, [scope], by="test", now=shop.moment("2024-07-01"))
            here = in_folder(satsuma, CHANGES, folder, monkeypatch)
        else:
            for url in beside(folder):
                for line in CHANGES:
                    assert told(satsuma, line, "--server", url) == here[line], line
        written.append({path.name: _same(path.read_bytes().decode("latin-1")) for path in side.iterdir()})
        definitions = (path for path in folder.rglob("*.yaml") if "state" not in path.parts)
        written[-1] |= {path.relative_to(folder).as_posix(): path.read_text() for path in definitions}
    assert [line for line, (code, *_) in here.items() if code] == []
    assert written[0] == written[1]
    assert {"OUT.csv", "OUT.svg", "OUT.map", "DIFF.csv", "NEW.yaml"} <= set(written[0])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which there is something to find."""
    folder = tmp_path_factory.mktemp("large")
    shop = persona_shop(folder)
    rng = np.random.default_rng(4)
    with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "q1", "q2", "q3"])
        for number, like in enumerate(rng.standard_normal(CUSTOMERS)):
            rows.writerow([f"c{number}", *(np.clip(np.rint(3 + like + rng.standard_normal(3)), 1, 5).astype(int))])
    shop.load(folder / "answers.csv", kind="customers")
    (shop.path / "traits" / "liking.yaml").write_text("trait: liking\nscale: {items: [q1, q2, q3], of: [1, 5]}\n")
    (shop.path / "segmentations" / "amounts.yaml").write_text(
        "segmentation: amounts\nmethod: bands\ntrait: orders\nquantiles: 3\n"
    )
    shop.run(as_of=AS_OF)
    shop.close()
    return shop.path


@pytest.mark.e2e
def test_findings_are_told_alike(
    satsuma: Runner, large: Path, caller: Path, beside: Callable[[Path], Iterator[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = in_folder(satsuma, FINDINGS, large, monkeypatch)
    assert [line for line, (code, *_) in here.items() if code] == []
    for url in beside(large):
        for line in FINDINGS:
            assert told(satsuma, line, "--server", url) == here[line], line
    # What travelled is about groups: no array is as long as there are customers, and nobody is named.
    for parcel in (large / "state" / "jobs").glob("*/objects.json"):
        assert all(len(part) < CUSTOMERS / 2 for part in _arrays(json.loads(parcel.read_text()))), parcel
        assert '"c7"' not in parcel.read_text()


def _arrays(parcel: Any) -> Iterator[list[Any]]:
    if isinstance(parcel, list):
        yield parcel
    for part in parcel.values() if isinstance(parcel, dict) else parcel if isinstance(parcel, list) else ():
        yield from _arrays(part)
