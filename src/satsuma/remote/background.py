"""Sources and jobs of a server, as commands steer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from satsuma.remote.asking import Connection, quoted
from satsuma.remote.told import Told

if TYPE_CHECKING:
    from satsuma.connectors.vendor import Vendor
    from satsuma.sourcing import Synced
    from satsuma.workspace import Progress


class RemoteSources:
    """The sources; their secrets are in the server's environment."""

    def __init__(self, server: Connection) -> None:
        self._server = server

    def vendors(self) -> list[Vendor]:
        # Vendors are files of the program, and the server is of the same version.
        from satsuma.connectors.catalogue import vendor, vendor_names

        return [vendor(name) for name in vendor_names()]

    def all(self) -> list[Told]:
        return [Told(item) for item in self._server.get("sources")]

    def get(self, name: str) -> Told:
        return Told(self._server.get(f"sources/{quoted(name)}"))

    def add(
        self, vendor: str, *, name: str | None = None, settings: Mapping[str, str] | None = None,
        schedule: str | None = None,
    ) -> Told:  # fmt: skip
        body = {"vendor": vendor, "name": name, "settings": dict(settings or {}), "schedule": schedule}
        return Told(self._server.post("sources", body))

    def schedule(self, name: str, when: str | None) -> Told:
        return Told(self._server.ask("PUT", f"sources/{quoted(name)}/schedule", json={"schedule": when}))

    def test(self, name: str) -> Told:
        return Told(self._server.post(f"sources/{quoted(name)}/test", {}))

    def sync(
        self, name: str, *, streams: Sequence[str] = (), from_start: bool = False, progress: Progress | None = None
    ) -> Synced:
        body = {"streams": list(streams), "from_start": from_start}
        number = self._server.job(f"sources/{quoted(name)}/syncs", body, progress)
        synced: Synced = self._server.result(number)
        return synced

    def remove(self, name: str, *, forget: bool = False) -> Told:
        asked = {"forget": "true" if forget else "false"}
        return Told(self._server.ask("DELETE", f"sources/{quoted(name)}", params=asked))


class RemoteHooks:
    """What vendors send by themselves, and what people asked through them."""

    def __init__(self, server: Connection) -> None:
        self._server = server

    def describe(self, name: str, *, url: str) -> Told:
        return Told(self._server.get(f"sources/{quoted(name)}/webhook", url=url))

    def requests(self) -> list[Told]:
        return [Told(item) for item in self._server.get("privacy-requests")]

    def answered(self, request_id: int, **_here: Any) -> None:
        self._server.post(f"privacy-requests/{request_id}/answer", {})


class RemoteJobs:
    """The jobs and what comes again."""

    def __init__(self, server: Connection) -> None:
        self._server = server

    def all(self, *, kind: str | None = None, statuses: Sequence[str] = (), most: int = 100) -> list[Told]:
        found = self._server.get("jobs", kind=kind, status=list(statuses) or None, limit=most)
        return [Told(item) for item in found]

    def get(self, job_id: int) -> Told:
        return Told(self._server.get(f"jobs/{job_id}"))

    def cancel(self, job_id: int, **_here: Any) -> Told:
        return Told(self._server.post(f"jobs/{job_id}/cancel", {}))

    def retry(self, job_id: int, **_here: Any) -> Told:
        return Told(self._server.post(f"jobs/{job_id}/retry", {}))

    def recurring(self) -> list[Told]:
        return [Told(item) for item in self._server.get("schedules")]


class RemoteRecords:
    """What commands ask of the ledger."""

    def __init__(self, server: Connection) -> None:
        self.jobs = RemoteJobs(server)
