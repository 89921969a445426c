from __future__ import annotations

from collections.abc import Iterator

import pytest

from persona_shop import persona_shop
from satsuma import Workspace
from satsuma.personas.build import Personas, personas
from satsuma.personas.card import Persona


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with persona_shop(tmp_path_factory.mktemp("personas")) as workspace:
        yield workspace


@pytest.fixture(scope="session")
def made(shop: Workspace) -> Personas:
    return personas(shop.frame(), shop.engine, shop.definitions(), shop.wording)


@pytest.fixture(scope="session")
def cards(made: Personas) -> dict[str, Persona]:
    return {card.name: card for card in made.of_segments()}
