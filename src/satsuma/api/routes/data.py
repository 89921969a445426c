"""Data in: files that are sent, their quality, and what could not be read."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path as FilePath
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from satsuma.api.asking import JOB, Ask, Body, LongText, Text, routes
from satsuma.api.callers import may
from satsuma.errors import WrongUse, nearest
from satsuma.working import uploads

router = routes("data")
_SEE, _LOAD = [may("see")], [may("load")]
LoadId = Annotated[int, Path(ge=1, le=2**31)]
_TEXTS = ("kind", "received_at", "valid_from", "sheet", "mapping")

#: The parts of a form are described by hand: the route reads them itself, after it has seen who sends them.
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "kind"],
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
                        "kind": {"type": "string", "description": "What a row is: customers, orders, events..."},
                        "map": {"type": "string", "description": "Field to column, as a JSON object."},
                        "mapping": {"type": "string", "description": "The text of a mapping that was saved before."},
                        "received_at": {"type": "string", "description": "The column of when a fact became known."},
                        "valid_from": {"type": "string", "description": "The column of since when a fact holds."},
                        "sheet": {"type": "string", "description": "The sheet of an Excel file."},
                        "dry_run": {"type": "boolean"},
                    },
                }
            }
        },
    }
}


class Retry(Body):
    map: dict[Text, Text] = Field(default_factory=dict, max_length=200)
    mapping: LongText | None = Field(default=None, description="The text of a mapping that was saved before.")


@router.post("/loads", dependencies=_LOAD, openapi_extra=_FORM, **JOB)
async def load(ask: Ask) -> Response:
    """Send files to be loaded, all or nothing: CSV, TSV, Parquet, JSON, Excel; also compressed."""
    if not ask.request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise WrongUse("Files are sent as multipart/form-data.", hint="Send parts named 'file' and 'kind'.")
    async with ask.request.form(max_files=50, max_fields=50) as form:
        settings = _settings(form)
        files = [item for item in form.getlist("file") if isinstance(item, UploadFile)]
        if not files:
            raise WrongUse("No file was sent.", hint="Send it as a part named 'file', with its file name.")
        upload = secrets.token_hex(8)
        folder = uploads(ask.parts.workspace) / upload
        names = await anyio.to_thread.run_sync(lambda: _keep(files, folder))
    payload = {"upload": upload, "files": names, **settings}
    return await ask.job("load", f"{settings['kind']} {upload}", payload, most_attempts=2)


def _settings(form: FormData) -> dict[str, Any]:
    """Return what is said beside the files."""
    from satsuma.quality.incoming import LOAD_KINDS

    known = (*_TEXTS, "file", "map", "dry_run")
    for key in form:
        if key not in known:
            raise WrongUse("The form has a part that is not known.", hint=f"Parts: {', '.join(known)}.",
                           nearest=list(nearest(key, known)))  # fmt: skip
    texts = {key: str(form[key]) for key in _TEXTS if form.get(key) not in (None, "")}
    kind = texts.get("kind")
    if kind not in LOAD_KINDS:
        raise WrongUse("'kind' says what a row is.", hint=f"One of {', '.join(LOAD_KINDS)}.",
                       allowed=list(LOAD_KINDS), nearest=list(nearest(str(kind), LOAD_KINDS)))  # fmt: skip
    try:
        fields = TypeAdapter(dict[Text, Text]).validate_json(str(form.get("map") or "{}"))
        dry_run = TypeAdapter(bool).validate_python(str(form.get("dry_run") or "false"))
    except ValidationError:
        raise WrongUse(
            "'map' or 'dry_run' cannot be read.",
            hint="'map' is a JSON object of texts such as {\"customer_id\": \"Client\"}, 'dry_run' is true or false.",
        ) from None
    return {**texts, "map": fields, "dry_run": dry_run}


def _keep(files: list[UploadFile], folder: FilePath) -> list[str]:
    """Write the files that were sent into a folder of their own, under names that are only names."""
    folder.mkdir(parents=True)
    names: list[str] = []
    for number, item in enumerate(files, 1):
        plain = re.sub(r"[^\w .()+,=@-]", "_", FilePath(item.filename or "file").name).strip().lstrip(".")
        # A name of a file has at most 255 bytes.
        plain = plain.encode()[-200:].decode(errors="ignore") or "file"
        name = plain if plain not in names else f"{number}-{plain}"
        # One that was sent may be called just so.
        while name in names:
            name = f"{number}-{name}"
        with (folder / name).open("xb") as target:
            shutil.copyfileobj(item.file, target, 1 << 20)
        names.append(name)
    return names


@router.get("/quality", dependencies=_SEE)
async def quality(ask: Ask) -> Response:
    """Say how complete, valid, unique and recent the loaded data are, column by column."""
    return await ask(lambda shop: shop.quality())


@router.get("/quarantine", dependencies=_SEE)
async def quarantine(ask: Ask) -> Response:
    """List what is in quarantine: load, source, column, reason, how many rows."""
    return await ask(lambda shop: shop.quarantine())


@router.get("/quarantine/{load_id}", dependencies=_LOAD)
async def quarantined_rows(ask: Ask, load_id: LoadId, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> Response:
    """Show the rows of one load as they were in the file, with what was wrong. They hold customers' data."""
    return await ask(lambda shop: shop.quarantined_rows(load_id, most=limit))


@router.post("/quarantine/{load_id}/retry", dependencies=_LOAD, **JOB)
async def retry_quarantine(ask: Ask, load_id: LoadId, body: Retry) -> Response:
    """Read the rows of one load again, perhaps with a corrected mapping."""
    await ask(lambda shop: shop.quarantine_of(load_id))
    return await ask.job("retry", str(load_id), {"load_id": load_id, **body.model_dump(exclude_none=True)})
