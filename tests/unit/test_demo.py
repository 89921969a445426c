"""The demo deletes its own workspace and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from satsuma import SatsumaError, Workspace

SCRIPT = Path(__file__).parent.parent.parent / "examples" / "complete_journey" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("complete_journey_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_earlier_demo_is_deleted(demo: ModuleType, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "demo", timezone="UTC", currency="USD", name=demo.NAME).close()
    demo.start_afresh(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
    demo.start_afresh(tmp_path / "demo")


def test_another_folder_is_left_alone(demo: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine", encoding="utf-8")
    Workspace.create(tmp_path / "shop", timezone="UTC", currency="USD").close()
    for name in ("demo", "shop"):
        with pytest.raises(SatsumaError, match="is not the demo's workspace"):
            demo.start_afresh(tmp_path / name)
        assert list((tmp_path / name).iterdir())


def test_a_link_to_a_demo_is_left_alone(demo: ModuleType, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "real", timezone="UTC", currency="USD", name=demo.NAME).close()
    (tmp_path / "demo").symlink_to(tmp_path / "real")
    with pytest.raises(SatsumaError):
        demo.start_afresh(tmp_path / "demo")
    assert (tmp_path / "real" / "satsuma.yaml").exists()
