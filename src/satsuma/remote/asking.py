"""Asking a server: requests, jobs followed to their end, files sent and fetched, and errors as they were there."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma import __version__, errors
from satsuma.errors import Problem, SatsumaError, WorkspaceError, WrongUse
from satsuma.parcels import UnreadableError, unpacked

if TYPE_CHECKING:
    import httpx2

    from satsuma.workspace import Progress

#: Seconds between two looks at a job, at first and at the longest.
_FIRST_LOOK, _LONGEST_LOOK = 0.1, 2.0
_SECONDS = 60.0
#: Times that a look is tried which is told to come back: the server is at work, or asked too often.
_TRIES = 5
_PART = 1 << 20

_CLASSES: dict[str, type[SatsumaError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SatsumaError)
}


class Connection:
    """The way to one server.

    Parameters
    ----------
    url : `http://127.0.0.1:8750`. key : of a program, with the scope `read`, or `admin` for what changes something.
    client : for tests.
    """

    def __init__(self, url: str, key: str, *, client: httpx2.Client | None = None) -> None:
        if not re.match(r"https?://[^/\s]+", url):
            raise WrongUse("--server is not an address.", hint="Write it as http://127.0.0.1:8750")
        if not key:
            raise WrongUse("A server asks for a key.", hint="Put it into SATSUMA_API_KEY; make one: satsuma key make")
        self.url, self._key, self._given = url.rstrip("/"), key, client

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2

        # Reading the certificates takes a tenth of a second, and plain http has none.
        return self._given or httpx2.Client(timeout=_SECONDS, verify=self.url.startswith("https:"))

    def close(self) -> None:
        if "_client" in self.__dict__ and self._given is None:
            self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return the data of a GET."""
        return self.ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the data of a POST."""
        return self.ask("POST", path, json=dict(body))

    def objects(self, method: str, path: str, **sent: Any) -> Any:
        """Return what a route answers as the result that it is, with its own classes."""
        try:
            return unpacked(self.ask(method, path, headers={"X-Satsuma-Objects": __version__}, **sent))
        except UnreadableError:
            raise self._not_ours() from None

    def job(self, path: str, body: Mapping[str, Any], progress: Progress | None = None) -> int:
        """Let a job be done, and return its number when it is."""
        return self.follow(self.post(path, body), progress)

    def follow(self, job: Mapping[str, Any], progress: Progress | None = None) -> int:
        """Wait for the end of a job, and return its number.

        Raises
        ------
        SatsumaError
            What the job failed with, as it was there.
        """
        wait = _FIRST_LOOK
        while job["status"] in ("queued", "running"):
            time.sleep(wait)
            wait = min(wait * 1.5, _LONGEST_LOOK)
            job = self.get(f"jobs/{job['job_id']}")
            told = job["progress"]
            if progress is not None and told.get("step"):
                progress(told["step"], told.get("done") or 0, told.get("total"))
        number = int(job["job_id"])
        if job["status"] != "done":
            facts = self.get(f"jobs/{number}/error")["error"]
            raise _error(facts or {"code": job["status"], "message": f"Job {number} was {job['status']}."})
        return number

    def result(self, number: int) -> Any:
        """Return what a job had to say, as the result that it is."""
        return self.objects("GET", f"jobs/{number}/result")

    def fetch(self, number: int, target: Path) -> None:
        """Write the file that a job made to a place here, whole or not at all."""
        from satsuma.destinations.files import write_whole

        with self._client.stream("GET", self._at(f"jobs/{number}/file"), headers=self._headers()) as answer:
            if answer.status_code != 200:
                answer.read()
                self._data(answer)
            write_whole(target, lambda file: file.writelines(answer.iter_bytes(_PART)))

    def table(self, path: str) -> Any:
        """Return a table as Arrow has it, with its types."""
        import pyarrow as pa

        answer = self._send("GET", path, params={"form": "arrow"})
        if answer.status_code != 200:
            self._data(answer)
        with pa.ipc.open_stream(answer.content) as reader:
            return reader.read_all()

    def send_files(self, path: str, files: Sequence[Path], said: Mapping[str, str]) -> Any:
        """Send files as a form, with what is said of them, and return the data of the answer."""
        with ExitStack() as open_files:
            parts = [("file", (file.name, open_files.enter_context(file.open("rb")))) for file in files]
            return self.ask("POST", path, data=dict(said), files=parts)

    def ask(self, method: str, path: str, **sent: Any) -> Any:
        """Return the data of an answer.

        Raises
        ------
        SatsumaError
            What the server says is wrong, as it was there.
        """
        for _ in range(_TRIES if method == "GET" else 1):
            answer = self._send(method, path, **sent)
            wait = answer.headers.get("retry-after", "")
            if answer.status_code not in (429, 503) or not wait.isdigit():
                break
            time.sleep(min(int(wait), 10))
        return self._data(answer)

    def _send(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        import httpx2

        headers = {**self._headers(), **sent.pop("headers", {})}
        try:
            return self._client.request(method, self._at(path), headers=headers, **sent)
        except httpx2.HTTPError:
            raise WorkspaceError(
                f"The server at {self.url} does not answer.", hint="Is it running there? Start it: satsuma serve"
            ) from None

    def _data(self, answer: httpx2.Response) -> Any:
        try:
            shape = answer.json()
        except ValueError:
            raise self._not_ours() from None
        if not isinstance(shape, dict) or ("data" not in shape and not isinstance(shape.get("error"), dict)):
            raise self._not_ours()
        if "error" in shape:
            raise _error(shape["error"])
        return shape["data"]

    def _at(self, path: str) -> str:
        return f"{self.url}/api/v1/{path}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def _not_ours(self) -> WorkspaceError:
        return WorkspaceError(
            f"What answers at {self.url} is not a Satsuma server, or one of another version.",
            hint=f"Look at --server; commands of Satsuma {__version__} ask a server of the same version.",
        )


def quoted(name: str) -> str:
    """Return a name as a part of a path."""
    from urllib.parse import quote

    return quote(name, safe="")


def _error(facts: Mapping[str, Any]) -> SatsumaError:
    """Return the error that a server told, as the one it was there."""
    kind = _CLASSES.get(str(facts.get("code")), SatsumaError)
    details: Sequence[Problem] = [
        Problem(path=str(item.get("path", "")), line=item.get("line"), message=str(item.get("message", "")),
                nearest=tuple(item.get("nearest", ())))
        for item in facts.get("details", ())
    ]  # fmt: skip
    hint = str(facts.get("hint", ""))
    if facts.get("code") == "not_signed_in":  # what the server advises is for whoever writes requests
        hint = "Look at SATSUMA_API_KEY: a whole key that is in use, see satsuma key list in the workspace's folder."
    more = {key: value for key, value in facts.items() if key not in ("code", "message", "hint", "details")}
    return kind(str(facts.get("message", "")), hint=hint, details=details, **more)
