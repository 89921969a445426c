"""What other systems send to a workspace by themselves: how it is proved, how it lands, who asks to be forgotten."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from satsuma.connectors.clocks import utc_now
from satsuma.errors import NotFound, WrongUse

if TYPE_CHECKING:
    from satsuma.collecting.journal import Journal, Position
    from satsuma.connectors.webhooks.endpoints import Endpoints
    from satsuma.connectors.webhooks.landing import LandedHooks, Sink
    from satsuma.connectors.webhooks.planning import PrivacyRequest
    from satsuma.connectors.webhooks.settings import Webhook
    from satsuma.ledger.privacy import KeptRequest
    from satsuma.workspace import Workspace

#: The kind of job that reads a stream of which a delivery said that it changed.
JOB = "sync-soon"
#: How long after such a delivery the stream is read: vendors send in bursts.
SOON = timedelta(seconds=20)
#: A sync of the source that is under way may take hours; the job waits for its end, longer each time.
MOST_ATTEMPTS = 20
FOLDER = "hooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """What has to be known to register a webhook.

    url : the address, with the name of the variable where it holds a secret. variables : the environment variables
    that are needed, with whether they are set here. secret : what the secret is. brings : what deliveries bring.
    add : the lines that the source's file lacks; None when it takes deliveries.
    """

    name: str
    vendor: str
    scheme: str
    url: str
    variables: Mapping[str, bool]
    secret: str
    brings: tuple[str, ...]
    add: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "vendor": self.vendor, "scheme": self.scheme, "url": self.url,
                "variables": dict(self.variables), "secret": self.secret, "brings": list(self.brings),
                "add": self.add}  # fmt: skip


class Hooks:
    """The deliveries of one workspace. environment : where secrets are looked for."""

    def __init__(self, workspace: Workspace, *, environment: Mapping[str, str] | None = None) -> None:
        self._workspace = workspace
        self._environment = os.environ if environment is None else environment
        self._known: Endpoints | None = None

    @property
    def _endpoints(self) -> Endpoints:
        from satsuma.connectors.webhooks.endpoints import Endpoints

        if self._known is None:
            self._known = Endpoints(self._workspace.path / "sources")
        return self._known

    def webhook(self, source: str) -> Webhook | None:
        """Return how a source takes deliveries; None when it takes none.

        Raises
        ------
        NotFound
            When there is no such source.
        DefinitionError
            When its file is wrong.
        """
        return self._endpoints.source(source).webhook

    def describe(self, source: str, *, url: str = "https://YOUR-SERVER") -> WebhookInfo:
        """Return what has to be known to register a webhook.

        Parameters
        ----------
        url : how the vendor reaches the server.

        Raises
        ------
        NotFound
            When there is no such source.
        DefinitionError
            When its file is wrong.
        WrongUse
            When `url` is none.
        """
        from satsuma.connectors.webhooks.schemes import SCHEMES
        from satsuma.connectors.webhooks.settings import Webhook
        from satsuma.connectors.webhooks.sinks import topics_of

        if not url.startswith(("https://", "http://")):
            raise WrongUse("--url is not an address.", hint="Write it as https://data.example.com")
        found = self._endpoints.source(source)
        webhook, add = found.webhook, None
        if webhook is None:
            scheme = SCHEMES.get(found.vendor.name, SCHEMES["standard"])
            variable = f"{source.upper().replace('-', '_')}_WEBHOOK_SECRET"
            add = f"webhook:\n  secret: ${{{variable}}}"
            by_url = scheme.is_by_url
            webhook = Webhook(scheme=scheme, secret=None if by_url else variable,
                              url_secret=variable if by_url else None)  # fmt: skip
        secret = f"?secret=${{{webhook.url_secret}}}" if webhook.url_secret else ""
        names = [name for name in (webhook.secret, webhook.url_secret) if name]
        brings = [f"{topic.pattern}: {topic.words()}" for topic in topics_of(found).topics]
        return WebhookInfo(
            name=source, vendor=found.vendor.title, scheme=webhook.scheme.name,
            url=f"{url.rstrip('/')}/v1/hooks/{source}{secret}",
            variables={name: bool(self._environment.get(name)) for name in names}, secret=webhook.scheme.about,
            brings=tuple(brings), add=add,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------------- landing

    def open_journal(self) -> Journal:
        """Open the journal of deliveries; whoever opens it closes it, before the workspace."""
        from satsuma.collecting.journal import Journal

        return Journal(self._workspace.state / FOLDER, landed=self.landed_to())

    def landed_to(self) -> Position:
        """Return how far the journal of deliveries is landed."""
        from satsuma.connectors.webhooks.landing import landed_position

        return landed_position(self._workspace.engine)

    def land(self, journal: Journal, *, most_bytes: int = 8 * 1024 * 1024) -> LandedHooks:
        """Land deliveries that wait in the journal; none of them is lost, and none counts twice, whatever happens.

        Parameters
        ----------
        most_bytes : about how much is landed at once; the rest waits for the next call.

        Returns
        -------
        What was landed; with nothing to land, zeros.
        """
        from satsuma.connectors.webhooks.landing import Beside, LandedHooks, land_hooks

        shop = self._workspace
        records = journal.read(self.landed_to(), most_bytes=most_bytes)
        if not records:
            return LandedHooks()
        sinks: dict[str, Sink | None] = {}

        def sink_of(source: str) -> Sink | None:
            if source not in sinks:
                sinks[source] = self._sink(source)
            return sinks[source]

        landed = land_hooks(
            shop.engine, records, clock=utc_now, sink_of=sink_of, beside=Beside(ask=self._ask, keep=self._keep)
        )
        shop.add_to_catalog(landed.catalog)
        if landed.rows and shop.engine.value("SELECT count(*) FROM runs"):
            # Segments follow, where there are any.
            shop.records.jobs.add("refresh", "what sources brought", {}, now=utc_now())
        journal.drop_before(self.landed_to())
        return landed

    def _sink(self, name: str) -> Sink | None:
        from satsuma.connectors.landing import Into
        from satsuma.connectors.webhooks.sinks import SourceSink

        try:
            source = self._endpoints.source(name)
        except NotFound:
            return None
        if source.webhook is None:
            return None
        settings = self._workspace.settings
        into = Into(source=name, streams=source.vendor.streams, person=source.person, currency=settings.currency,
                    region=settings.default_region)  # fmt: skip
        return SourceSink(self._workspace.engine, source, into, self._workspace.catalog)

    def _ask(self, source: str, streams: frozenset[str]) -> None:
        """Let streams be read soon, each by a job of its own, so that a waiting one is not asked for again."""
        now = utc_now()
        names = [stream.name for stream in self._endpoints.source(source).streams]
        for name in names:
            if not streams or name in streams:
                self._workspace.records.jobs.add(
                    JOB, f"{source}/{name}", {"source": source, "streams": [name]}, now=now, not_before=now + SOON,
                    most_attempts=MOST_ATTEMPTS,
                )  # fmt: skip

    # -------------------------------------------------------------------------------------------------------- privacy

    def _keep(self, request: PrivacyRequest) -> None:
        self._workspace.records.privacy.add(
            digest=request.key, source=request.source, kind=request.kind, topic=request.topic,
            received_at=request.received_at, subject=request.subject,
        )  # fmt: skip

    def requests(self, *, open_only: bool = True) -> list[KeptRequest]:
        """Return who asked, through a vendor, to be forgotten or to learn what is known; the first due first."""
        return self._workspace.records.privacy.all(open_only=open_only)

    def answered(self, request_id: int) -> KeptRequest:
        """Say that such a request was answered; whom it was about is not kept any longer.

        Raises
        ------
        NotFound
            When there is none of that number that waits.
        """
        return self._workspace.records.privacy.answer(request_id, now=utc_now())
