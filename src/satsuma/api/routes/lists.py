"""Lists: customers named one by one, in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from satsuma.api.asking import Ask, NamePath, routes
from satsuma.api.callers import may
from satsuma.errors import WrongUse

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

router = routes("lists")

#: What a list is sent as, and what its file is.
_FORMS = {"text/plain": "txt", "text/csv": "csv"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {"schema": {"type": "string", "description": "One id a line."}},
            "text/csv": {"schema": {"type": "string", "description": "With a column customer_id or account_id."}},
        },
    }
}


@router.get("/lists", dependencies=[may("see")])
async def list_lists(ask: Ask) -> Response:
    """List the lists, with the size of each."""
    return await ask.beside(lambda shop: shop.lists())


@router.put("/lists/{name}", dependencies=[may("define")], openapi_extra=_BODY)
async def write_list(ask: Ask, name: NamePath) -> Response:
    """Send a list, new or in place of the one of its name: one id a line, or a CSV."""
    media = ask.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _FORMS:
        raise WrongUse("A list is sent as text.", hint=f"Say Content-Type: {' or '.join(_FORMS)}.")
    try:
        text = (await ask.request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongUse("The list is not UTF-8 text.", hint="Send it as UTF-8.") from None
    if "\x00" in text:
        raise WrongUse("The list holds a character that no text has.", hint="Send one id a line, as UTF-8.")
    return await ask(lambda shop: shop.write_list(name, text, form=_FORMS[media]))


@router.delete("/lists/{name}", dependencies=[may("define")])
async def delete_list(ask: Ask, name: NamePath) -> Response:
    """Delete a list, unless definitions use it; its file is kept in state/deleted."""

    def gone(shop: Workspace) -> dict[str, Any]:
        kept = shop.delete_definition("list", name).relative_to(shop.path).as_posix()
        return {"kind": "list", "name": name, "kept_as": kept}

    return await ask(gone)
