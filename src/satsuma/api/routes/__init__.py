"""The routes, one module for each subject."""

from __future__ import annotations

from satsuma.api.routes import (
    data,
    definitions,
    findings,
    jobs,
    keys,
    lists,
    models,
    results,
    runs,
    scales,
    segments,
    server,
    session,
    sources,
    tools,
    traits,
    users,
)

#: Everything the server answers; another subject is one more module here.
ROUTERS = tuple(
    module.router
    for module in (server, session, users, keys, data, definitions, tools, lists, runs, results, segments, traits,
                   models, scales, findings, sources, jobs)
)  # fmt: skip
