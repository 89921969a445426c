"""`satsuma scale`: how well answers measure, what factors lie behind them, and where a score stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened

if TYPE_CHECKING:
    from satsuma.segments.scale_views import FactorView

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a scale.")]
#: Percentiles that norms are told of, in their order.
PERCENTILES = ("1", "5", "10", "25", "50", "75", "90", "95", "99")


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Scales: scores from answers, and how well they measure.")
    group.command("list", epilog=example("satsuma scale list"))(list_)
    group.command(
        "show", epilog=example("satsuma scale show openness", "satsuma scale show openness --by country")
    )(show)  # fmt: skip
    group.command("factors", epilog=example("satsuma scale factors", "satsuma scale factors openness warmth"))(factors)
    group.command("key", epilog=example("satsuma scale key ipip-big-five"))(key)
    app.add_typer(group, name="scale")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the scales with what the last run knows of them."""
    with opened(workspace) as opened_workspace:
        found = opened_workspace.scales()
        if as_json:
            output.show_json([view.as_dict() for view in found])
            return
        if not found:
            output.say("There is no scale: a trait with 'scale:' is one; satsuma scale key ipip-big-five writes five.")
            return
        output.show_table(
            (("scale", "left"), ("items", "right"), ("respondents", "right"), ("mean", "right"), ("sd", "right"),
             ("alpha", "right"), ("omega", "right"), ("it is", "left")),
            [(view.name, str(len(view.settings.items)), *_row(view.fit), view.word) for view in found],
        )  # fmt: skip


def _row(fit: Mapping[str, Any] | None) -> tuple[str, ...]:
    if fit is None:
        return ("", "", "", "", "")
    norms, reliability = fit["norms"] or {}, fit["reliability"] or {}
    return (f"{fit['customers']:,}", _number(norms.get("mean")), _number(norms.get("sd")),
            _number(reliability.get("alpha"), 3), _number(reliability.get("omega"), 3))  # fmt: skip


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def show(
    name: NameArgument,
    by: Annotated[str | None, typer.Option("--by", metavar="TRAIT", help="Norms for each value of a trait.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a scale: reliability, each item, what to be wary of, and norms."""
    with opened(workspace) as opened_workspace:
        view = opened_workspace.scale(name)
        groups = {} if by is None else opened_workspace.scale_norms(name, by)
        if as_json:
            facts = view.as_dict()
            output.show_json(facts if by is None else {**facts, "by": by, "groups": groups})
            return
        output.say(f"{view.name} ({view.title}): {view.word}.")
        if view.fit is None:
            output.say("No run has looked at it since it was defined: satsuma run")
            return
        tell(view.fit, view.titles)
        if by is not None:
            output.show_table(
                ((by, "left"), *_NORM_COLUMNS), [(label, *_norm_row(known)) for label, known in groups.items()],
                title=f"Norms by {by}",
            )  # fmt: skip


def tell(fit: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    """Write what is kept of a scale."""
    how = fit["response"]
    low, high = fit["of"]
    output.say(
        f"{how['respondents']:,} respondents, {how['complete']:,} answered every item; {how['missing']:.1%} of the "
        f"answers lack, {how['outside']:,} were not from {low:g} to {high:g}, and {how['too_few']:,} answered too few "
        f"for a score (at least {fit['min_answered']} of {len(fit['items'])})."
    )
    if fit["reliability"] is None:
        output.say(f"How reliable it is cannot be told: {fit['cannot']}")
    else:
        _told_reliability(fit, titles)
    for caution in fit["cautions"]:
        output.say(f"Be wary: {caution['sentence']}")
    if fit["norms"] is None:
        output.say(f"There are no norms: {fit['no_norms']}")
        return
    output.show_table(
        _NORM_COLUMNS, [_norm_row(fit["norms"])], title=f"Norms of the {fit['score']}; a percentile is a score"
    )


_NORM_COLUMNS: tuple[tuple[str, output.Align], ...] = (
    ("respondents", "right"), ("mean", "right"), ("sd", "right"), *((f"{each} %", "right") for each in PERCENTILES),
)  # fmt: skip


def _norm_row(known: Mapping[str, Any]) -> tuple[str, ...]:
    scores = (_number(known["percentiles"][each]) for each in PERCENTILES)
    return (f"{known['respondents']:,}", _number(known["mean"]), _number(known["sd"]), *scores)


def _told_reliability(fit: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    found = fit["reliability"]
    others = [f"standardised {found['standardised']:.3f}"]
    others += [f"{word} {found[key]:.3f}" for word, key in (("omega", "omega"), ("lambda-6", "lambda6"))
               if found[key] is not None]  # fmt: skip
    output.say(
        f"Alpha {found['alpha']:.3f} ({found['level']:.0%} interval {found['low']:.3f} to {found['high']:.3f}), "
        f"{', '.join(others)}; the items correlate by {found['mean_correlation']:.2f}."
    )
    rows = [
        (name, "reversed" if item["reverse"] else "", _number(item["mean"]), _number(item["sd"]),
         f"{item['missing']:.1%}", _number(item["item_rest"]), _number(item["alpha_if_dropped"], 3),
         _number(item["loading"]), titles.get(name, ""))
        for name, item in zip(fit["items"], found["items"], strict=True)
    ]  # fmt: skip
    output.show_table(
        (("question" if fit["questions"] else "item", "left"), ("", "left"), ("mean", "right"), ("sd", "right"),
         ("missing", "right"), ("item-rest", "right"), ("alpha without", "right"), ("loading", "right"), ("", "left")),
        rows,
    )  # fmt: skip


def factors(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="The scales; all of them when none is named.")
    ] = None,
    rotation: Annotated[
        str, typer.Option("--rotation", metavar="KIND", help="oblimin (factors may correlate), promax or varimax.")
    ] = "oblimin",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the factors behind the items of several scales, and whether they are as the scales say."""
    with opened(workspace) as opened_workspace:
        found = opened_workspace.scale_factors(names or (), rotation=rotation)
        if as_json:
            output.show_json(found.as_dict())
            return
        _told_factors(found)


def _told_factors(view: FactorView) -> None:
    facts = view.as_dict()
    output.say(facts["verdict"])
    bartlett, fit = facts["bartlett"], facts["fit"]
    output.say(
        f"{facts['respondents']:,} respondents. KMO {facts['kmo']:.2f} ({facts['kmo_word']}); that no items correlate "
        f"has p {_p(bartlett['p_value'])} (Bartlett, chi-square {bartlett['chi_square']:,.0f} on "
        f"{bartlett['degrees']:,})."
    )
    if fit["rmsea"] is not None:
        output.say(
            f"{fit['factors']} factors by maximum likelihood: RMSEA {fit['rmsea']:.3f}, TLI {fit['tli']:.2f}, residual "
            f"correlations {fit['residual']:.3f}, chi-square {fit['chi_square']:,.0f} on {fit['degrees']:,}, "
            f"p {_p(fit['p_value'])}."
        )
    parallel = facts["parallel"]["components"]
    shown = min(max(parallel["suggested"], len(view.scales)) + 2, len(view.items))
    output.show_table(
        (("eigenvalue", "right"), ("of the items", "right"), ("by chance", "right")),
        [(str(place + 1), f"{parallel['eigenvalues'][place]:.2f}", f"{parallel['chance'][place]:.2f}")
         for place in range(shown)],
        title=f"Parallel analysis: {parallel['suggested']} above chance",
    )  # fmt: skip
    output.show_table(
        (("item", "left"), *((scale, "right") for scale in view.scales), ("", "left"), ("", "left")),
        [(item["name"], *(f"{loading:.2f}" for loading in item["loadings"]),
          "" if item["on_own"] else f"not on {item['scale']}", item["title"] or "") for item in facts["items"]]
        + [("congruence", *(f"{value:.2f}" for value in facts["congruence"].values()), "", "")],
        title=f"Loadings after {facts['rotation']}",
    )  # fmt: skip


def _p(value: float) -> str:
    return "below .001" if value < 0.001 else f"{value:.3f}"


def key(
    name: Annotated[str, typer.Argument(metavar="KEY", help="The key: ipip-big-five.")],
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="What the names of the items begin with.")
    ] = "",
    survey: Annotated[
        str | None, typer.Option("--survey", metavar="NAME", help="Read the answers of a survey instead of traits.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the scales of a ready key as files; a file that is there is never overwritten."""
    with opened(workspace) as opened_workspace:
        written = opened_workspace.write_scale_key(name, prefix=prefix, survey=survey)
        if as_json:
            output.show_json({"written": [path.relative_to(opened_workspace.path).as_posix() for path in written]})
            return
        for path in written:
            output.say(f"Wrote {path.relative_to(opened_workspace.path)}.")
        output.say("Next: satsuma run, then satsuma scale list")
