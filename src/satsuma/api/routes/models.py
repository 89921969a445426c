"""Models: what was fitted on everybody and is kept."""

from __future__ import annotations

from fastapi.responses import Response

from satsuma.api.asking import JOB, Ask, Body, MomentText, NamePath, routes
from satsuma.api.callers import may

router = routes("models")


class AsOf(Body):
    as_of: MomentText | None = None


@router.get("/models", dependencies=[may("see")])
async def list_models(ask: Ask) -> Response:
    """List the models that the last run keeps."""
    return await ask(lambda shop: shop.models(), objects=True)


@router.get("/models/{name}", dependencies=[may("see")])
async def show_model(ask: Ask, name: NamePath) -> Response:
    """Show a model: what it looks at, how good it is on later data, and what has moved since."""
    return await ask(lambda shop: shop.model(name), objects=True)


@router.post("/models/{name}/comparisons", dependencies=[may("try")], **JOB)
async def compare_model(ask: Ask, name: NamePath, body: AsOf) -> Response:
    """Fit a model anew beside the kept one, on the same later data; nothing is changed."""
    await ask(lambda shop: shop.model(name))
    return await ask.job("compare-model", name, {"name": name, **body.model_dump()})


@router.post("/models/{name}/refits", dependencies=[may("compute")], **JOB)
async def refit_model(ask: Ask, name: NamePath, body: AsOf) -> Response:
    """Fit a model anew and run; the new one stays only if it does no worse."""
    await ask(lambda shop: shop.model(name))
    return await ask.job("refit-model", name, {"name": name, **body.model_dump()})
