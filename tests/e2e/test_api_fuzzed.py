"""Schemathesis over the server's own description: no 5xx, and no status, shape or content type that is not described.

It is installed by nobody here, for it would bring other versions of what the tests use: `make check-api` makes it an
environment of its own and names it in SATSUMA_SCHEMATHESIS. SATSUMA_FUZZ_SECONDS says for how long.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from listening_server import listening
from quick_passwords import quick_passwords
from small_server import fill

__all__ = ["quick_passwords"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif("SATSUMA_SCHEMATHESIS" not in os.environ, reason="SATSUMA_SCHEMATHESIS names no schemathesis"),
]

SECONDS = int(os.environ.get("SATSUMA_FUZZ_SECONDS", "60"))
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "ignored_auth",
)  # fmt: skip
#: What would shut the one who asks out.
LEFT_OUT = r"/api/v1/(keys/\{key_id\}|session.*)$"

#: Names that are there, beside those that are made up: else most routes would answer 404 and no more.
SETTINGS = """
[dictionaries.names]
values = ["big", "buyers", "paid", "halves", "guests", "points", "ada", "country"]
[dictionaries.moments]
values = ["2024-06-15", "2024-06-30T18:00", "1999-01-01", "9999-12-31", "0001-01-01", "2024-02-30"]
[dictionaries.numbers]
values = [1, 2, 3, 4]
[dictionaries.texts]
values = ["big", "segment: big\\nwhere: {trait: paid, gte: 20}", "where: {did: Order Completed, within: 30d}",
          "where: {all: []}", "where: {trait: country, eq: FR}", "where: {random: {percent: 10, salt: x}}"]
[parameters]
"path.name" = {dictionary = "names", probability = 0.7}
"path.trait" = {dictionary = "names", probability = 0.7}
"path.job_id" = {dictionary = "numbers", probability = 0.7}
"path.load_id" = {dictionary = "numbers", probability = 0.7}
"query.segment" = {dictionary = "names", probability = 0.5}
"body.segment" = {dictionary = "texts", probability = 0.5}
"body.first" = {dictionary = "texts", probability = 0.4}
"body.second" = {dictionary = "texts", probability = 0.4}
"body.text" = {dictionary = "texts", probability = 0.5}
"body.customer_id" = {dictionary = "names", probability = 0.3}
"body.as_of" = {dictionary = "moments", probability = 0.5}
"body.known_at" = {dictionary = "moments", probability = 0.3}
"body.last" = {dictionary = "moments", probability = 0.3}
"body.at[*]" = {dictionary = "moments", probability = 0.5}
"body.names[*]" = {dictionary = "names", probability = 0.6}
"body.traits[*]" = {dictionary = "names", probability = 0.6}
"""


def test_no_answer_is_unforeseen(tmp_path: Path) -> None:
    workspace = fill(tmp_path)
    workspace.run("2024-07-01")
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    with listening(workspace) as (host, port, keys):
        url = f"http://{host}:{port}"
        # Read here: on a busy machine schemathesis gives up on it after ten seconds.
        description = tmp_path / "openapi.json"
        description.write_bytes(httpx2.get(f"{url}/api/v1/openapi.json", timeout=60).content)
        done = subprocess.run(
            [
                os.environ["SATSUMA_SCHEMATHESIS"], "--config-file", str(tmp_path / "schemathesis.toml"), "run",
                str(description), "--url", url, "--request-timeout", "60",
                "-H", f"Authorization: Bearer {keys['admin']}",
                "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-time", str(SECONDS),
                "--exclude-path-regex", LEFT_OUT, "--continue-on-failure",
                "--seed", os.environ.get("SATSUMA_FUZZ_SEED", "1"),
            ],
            capture_output=True, text=True, check=False, timeout=SECONDS + 240, cwd=tmp_path,
        )  # fmt: skip
        logs = sorted((workspace.state / "logs").glob("error-*.log"))
        assert done.returncode == 0, f"{done.stdout[-8000:]}{done.stderr[-2000:]}"
        # Jobs that requests began may fail, but with a sentence.
        unforeseen = [job for job in workspace.records.jobs.all(most=1000) if job.error_code == "unforeseen"]
        assert not unforeseen, [(job.kind, job.payload, job.error_message) for job in unforeseen]
        assert not logs, [log.read_text() for log in logs]
    # It did ask, and was answered.
    passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) > 300
