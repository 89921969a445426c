"""What every connector has to stand: one set of tests, for each vendor's fake.

A test of a vendor is a class that says what is its own:

    class TestHubSpot(ConnectorTests):
        vendor = "hubspot"
        environment: ClassVar = {"HUBSPOT_TOKEN": "pat-secret-1"}

        def fake(self) -> Any:
            return HubSpot()

        def change(self, fake: Any) -> None:
            ...
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fakes.hostile import Answer, Asked, HostileServer, Misstep, answers, cut_off, hang_up, too_many
from satsuma.connectors import limits, syncing
from satsuma.connectors.clocks import Clock
from satsuma.connectors.source_files import Source
from satsuma.errors import SatsumaError, VendorError
from satsuma.sourcing import Sources, Synced
from satsuma.workspace import Workspace

#: The moment of the first sync, by every clock, unless a test says otherwise.
NOW = datetime(2026, 11, 28, 12)


class Hands:
    """A clock that is wound by hand: sleeping moves it on, and says how long."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now, self.slept = now, 0.0

    @property
    def clock(self) -> Clock:
        chance = random.Random(1)  # noqa: S311 jitter, no secret
        return Clock(now=lambda: self.now, ticks=lambda: self.slept, sleep=self.sleep, chance=chance)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)


class SmallSources(Sources):
    """Sources whose pages are small, so that a few records take several."""

    page_size = 3
    #: Whether records become rows; without, they are kept as they came.
    makes_rows = True

    def read(self, name: str) -> Source:
        source = super().read(name)
        small = [replace(item, paging=replace(item.paging, size=min(item.paging.size, self.page_size)),
                         rows=item.rows if self.makes_rows else ())
                 for item in source.streams]  # fmt: skip
        return replace(source, streams=tuple(small))


class At:
    """A workspace with one source at a hostile server."""

    def __init__(
        self,
        shop: Workspace,
        server: HostileServer,
        hands: Hands,
        environment: Mapping[str, str],
        makes_rows: bool = True,
    ) -> None:
        self.shop, self.server, self.hands, self.environment = shop, server, hands, environment
        self.makes_rows = makes_rows

    @property
    def sources(self) -> Sources:
        sources = SmallSources(self.shop, environment=self.environment, clock=self.hands.clock)
        sources.makes_rows = self.makes_rows
        return sources

    def read(self, *streams: str) -> None:
        """Read these streams from now on, and make their rows; without any, all of the vendor's."""
        self.makes_rows = True
        file = self.shop.path / "sources" / "it.yaml"
        text = file.read_text(encoding="utf-8").partition("streams:")[0]
        file.write_text(text + (f"streams: [{', '.join(streams)}]\n" if streams else ""), encoding="utf-8")

    def sync(self, **options: Any) -> Synced:
        """Sync, as if no request had been sent before."""
        limits._limiters.clear()
        return self.sources.sync("it", **options)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.shop.engine.rows(statement)

    def states(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT stream, part, last_value, completed_at FROM source_states ORDER BY ALL")

    def contents(self) -> dict[str, Any]:
        """Return all that a sync stores, but for when it was stored and in how many loads."""
        engine = self.shop.engine
        customers = engine.columns("customers")
        traits = ", ".join(f'"{name}"' for name in sorted(customers) if name not in _NUMBERS)
        accounts = ", ".join(f'"{name}"' for name in sorted(engine.columns("accounts")) if name not in _NUMBERS)
        return {
            "customers": self.rows(f"SELECT {traits} FROM customers ORDER BY customer_id"),
            "accounts": self.rows(f"SELECT {accounts} FROM accounts ORDER BY account_id"),
            "events": self.rows(
                """SELECT e.event_id, c.customer_id, e.name, e.time, e.revenue, e.order_id, e.product_id, e.quantity
                FROM events e LEFT JOIN customers c USING (customer_no) WHERE superseded_at IS NULL ORDER BY 1"""
            ),
            "consents": self.rows(
                # A box that was ticked counts from the sync on, which takes longer when things go wrong.
                """SELECT c.customer_id, s.purpose, s.status, CAST(s.time AS DATE) FROM consents s
                JOIN customers c USING (customer_no) ORDER BY ALL"""
            ),
            "products": self.rows("SELECT * FROM products ORDER BY product_id"),
            "records": self.rows(
                """SELECT stream, record_id, updated_at, deleted, erased, customer_id, CAST(payload AS VARCHAR)
                FROM source_records ORDER BY ALL"""
            ),
            "figures": self.rows("SELECT stream, date, CAST(dimensions AS VARCHAR), name, value FROM source_figures "
                                 "ORDER BY ALL"),
            "quarantine": self.rows("SELECT source, kind, reason, count(*) FROM quarantine GROUP BY ALL ORDER BY ALL"),
        }  # fmt: skip


_NUMBERS = ("customer_no", "account_no", "arrived_at", "described_at")


class Dated:
    """A fake whose answers carry a `Date`: the vendor's clock."""

    def __init__(self, fake: Any, hands: Hands, ahead: timedelta) -> None:
        self.fake, self.hands, self.ahead = fake, hands, ahead

    def __call__(self, asked: Asked) -> Answer:
        answer: Answer = self.fake(asked)
        date = (self.hands.now + self.ahead).replace(tzinfo=UTC)
        return replace(answer, headers={**answer.headers, "Date": format_datetime(date, usegmt=True)})


class ConnectorTests:
    """The tests; a vendor's class says what is its own.

    settings : of the source file, beside `base_url`, as YAML values; `{url}` is the server's address.
    error_in_200 : answers of status 200 that are errors, each refused or tried again.
    secrets : values that may stand nowhere. renews : whether a login gives a new token after a 401.
    """

    pytestmark = pytest.mark.connectors

    vendor: ClassVar[str]
    environment: ClassVar[dict[str, str]] = {}
    settings: ClassVar[dict[str, str]] = {}
    error_in_200: ClassVar[tuple[Misstep, ...]] = ()
    #: Whether these tests make rows. What goes wrong on the way is the same without, and a landing takes a third of a
    #: second; `At.read` makes them for a vendor's own tests.
    makes_rows: ClassVar[bool] = True
    #: Streams that are read; all of the vendor's when empty.
    streams: ClassVar[tuple[str, ...]] = ()
    #: The stream whose records `change` changes, and whether the vendor is asked for changes alone.
    changing: ClassVar[str] = ""

    def fake(self) -> Any:
        """Return a fresh fake: a function from `Asked` to `Answer`."""
        raise NotImplementedError

    def change(self, fake: Any) -> None:
        """Change one record of the stream `changing`, at `NOW` or shortly before."""
        pytest.skip("nothing changes at this vendor")

    def delete(self, fake: Any) -> str:
        """Delete somebody at the vendor; returns the customer's id."""
        pytest.skip("this vendor does not tell of deletes")

    # --------------------------------------------------------------------------------------------------------- world

    @contextmanager
    def at(self, folder: Path, fake: Any = None, *, ahead: timedelta | None = None) -> Iterator[At]:
        """Open a workspace with the source, and its server.

        ahead : how far the vendor's clock is ahead of ours; by default both are one.
        """
        hands = Hands()
        dated = Dated(self.fake() if fake is None else fake, hands, ahead or timedelta())
        with (
            HostileServer(dated) as server,
            Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR") as shop,
        ):
            (shop.path / "sources").mkdir(exist_ok=True)
            said = {"base_url": "{url}", **self.settings}
            lines = [f"source: {self.vendor}", *(f"{key}: {value}" for key, value in said.items())]
            lines += ["streams:", *(f"  - {name}" for name in self.streams)] if self.streams else []
            text = "\n".join(lines).replace("{url}", server.url)
            (shop.path / "sources" / "it.yaml").write_text(text + "\n", encoding="utf-8")
            yield At(shop, server, hands, self.environment, self.makes_rows)

    @pytest.fixture(scope="class")
    @classmethod
    def calm(cls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
        """What a sync stores when nothing goes wrong, and how many requests it takes."""
        with cls().at(tmp_path_factory.mktemp("calm")) as it:
            synced = it.sync()
            assert synced.landed.records > 0
            return {**it.contents(), "requests": len(it.server.asked)}

    def _same(self, it: At, calm: dict[str, Any]) -> None:
        assert {**it.contents(), "requests": calm["requests"]} == calm

    # --------------------------------------------------------------------------------------------------------- tests

    def test_a_small_request_shows_that_the_secrets_are_right(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            tested = it.sources.test("it")
            assert "lets us" in tested.sentence
            wrong = dict.fromkeys(self.environment, "wrong")
            if not wrong:
                return
            with pytest.raises(VendorError) as caught:
                SmallSources(it.shop, environment=wrong, clock=it.hands.clock).test("it")
            assert "does not let us in" in str(caught.value)

    def test_whatever_goes_wrong_on_the_way_the_same_is_stored(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        with self.at(tmp_path) as it:
            it.server.goes_wrong(
                too_many("7"), too_many(), answers(503), cut_off(), hang_up(), at=min(1, calm["requests"] - 1)
            )
            it.sync()
            self._same(it, calm)
            # Seven seconds because somebody said so, and some for the others.
            assert 7 < it.hands.slept < 200

    def test_a_401_in_the_middle_is_signed_in_for_once_more(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        with self.at(tmp_path) as it:
            it.server.goes_wrong(answers(401), at=calm["requests"] - 1)
            it.sync()
            self._same(it, calm)
        with self.at(tmp_path / "more") as it:
            it.server.goes_wrong(*(answers(401) for _ in range(9)))
            with pytest.raises(VendorError, match="does not let us in"):
                it.sync()

    def test_who_never_answers_well_is_given_up(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            it.server.goes_wrong(*(answers(503) for _ in range(50)))
            with pytest.raises(VendorError) as caught:
                it.sync()
            assert caught.value.facts["again"] is True
            assert it.hands.slept < 400
            assert it.rows("SELECT count(*) FROM source_records") == [(0,)]

    def test_a_page_that_comes_again_and_again_ends(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        fake = self.fake()
        first: list[Answer] = []

        def stuck(asked: Asked) -> Answer:
            answer: Answer = fake(asked)
            if answer.status == 200 and len(answer.content) > 120 and len(first) < 2:
                first.append(answer)
            return answer if len(first) < 2 else first[-1]

        with self.at(tmp_path, stuck) as it:
            try:
                it.sync()
            except SatsumaError as error:
                assert isinstance(error, VendorError)  # noqa: PT017 it may end without one as well
            assert len(it.server.asked) < 20 * calm["requests"] + 100

    def test_a_sync_that_breaks_off_between_pages_goes_on(
        self, tmp_path: Path, calm: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(syncing, "BATCH_RECORDS", 1)
        with self.at(tmp_path) as it:

            def stop(_step: str, _done: int) -> None:
                if len(it.server.asked) > min(2, calm["requests"] - 1):
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                it.sync(progress=stop)
            newest = dict(it.rows("SELECT stream, max(updated_at) FROM source_records GROUP BY 1"))
            # No state is ahead of the rows that it says were read.
            for stream, _, last_value, completed_at in it.states():
                if completed_at is None and last_value is not None:
                    assert newest[stream] >= last_value
            monkeypatch.undo()
            it.sync()
            self._same(it, calm)

    def test_a_second_sync_changes_nothing(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        with self.at(tmp_path) as it:
            it.sync()
            loads = it.rows("SELECT count(*) FROM loads")
            it.hands.now += timedelta(hours=1)
            synced = it.sync()
            self._same(it, calm)
            assert synced.landed.unchanged == synced.landed.records
            assert it.rows("SELECT count(*) FROM loads") == loads

    def test_a_second_sync_reads_what_changed(self, tmp_path: Path) -> None:
        fake = self.fake()
        with self.at(tmp_path, fake) as it:
            first = {item.stream: item.landed for item in it.sync().streams}
            it.hands.now += timedelta(hours=1)
            self.change(fake)
            second = {item.stream: item.landed for item in it.sync().streams}
            fresh = {name: landed.records - landed.unchanged for name, landed in second.items()}
            assert fresh[self.changing] == 1, fresh
            if self.sources_stream(it).is_incremental:
                assert second[self.changing].records < first[self.changing].records

    def sources_stream(self, it: At) -> Any:
        return next(item for item in it.sources.read("it").streams if item.name == self.changing)

    def test_the_state_never_runs_ahead_of_the_vendors_clock(self, tmp_path: Path) -> None:
        # To a vendor whose clock is a month behind, every change is from the future.
        behind = timedelta(days=-31)
        with self.at(tmp_path, ahead=behind) as it:
            it.sync()
            for _, _, last_value, _ in it.states():
                assert last_value is None or last_value <= it.hands.now + behind

    def test_an_error_within_a_200_is_no_answer(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        if not self.error_in_200:
            pytest.skip("this vendor says errors by their status")
        for number, misstep in enumerate(self.error_in_200):
            with self.at(tmp_path / str(number)) as it:
                it.server.goes_wrong(misstep, at=calm["requests"] - 1)
                try:
                    it.sync()
                except VendorError:
                    assert len(it.rows("SELECT 1 FROM source_states WHERE completed_at IS NULL")) >= 0
                    it.sync()
                self._same(it, calm)

    def test_who_was_deleted_is_marked(self, tmp_path: Path) -> None:
        fake = self.fake()
        with self.at(tmp_path, fake) as it:
            it.sync()
            it.hands.now += timedelta(hours=1)
            customer = self.delete(fake)
            it.sync()
            marked = it.rows("SELECT customer_id FROM customers WHERE deleted_in_it ORDER BY 1")
            assert marked == [(customer,)]

    def test_secrets_stand_nowhere(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            it.sync()
            it.server.goes_wrong(*(answers(400, {"message": list(self.environment.values())}) for _ in range(9)))
            with pytest.raises(VendorError) as caught:
                it.sync()
            said = f"{caught.value!r} {caught.value.as_dict()}"
            path = it.shop.path
        kept = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
        for value in self.environment.values():
            assert value not in said
            assert value.encode() not in kept
