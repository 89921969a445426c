"""`satsuma model`: what was fitted and is kept, how good it is, and fitting it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from satsuma.cli import groups, output, scales, text_models
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a model, or of a trait that uses it.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="MOMENT", help="The moment; that of the last run when not given.")
]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Models: what was fitted on everybody and is kept.")
    group.command("list", epilog=example("satsuma model list"))(list_)
    group.command("show", epilog=example("satsuma model show churn_risk"))(show)
    group.command("refit", epilog=example("satsuma model refit churn_risk"))(refit)
    group.command("compare", epilog=example("satsuma model compare churn_risk"))(compare)
    app.add_typer(group, name="model")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the models that the last run keeps."""
    with opened(workspace) as opened_workspace:
        found = opened_workspace.models()
        if as_json:
            output.show_json([view.as_dict() for view in found])
            return
        if not found:
            output.say("No model is kept: nothing that is fitted has been defined, or there was no run yet.")
            return
        zone = opened_workspace.settings.zone
        output.show_table(
            (("model", "left"), ("method", "left"), ("fitted as of", "left"), ("customers", "right"), ("state", "left"),
             ("used by", "left")),
            [
                (view.name, view.method, str(_in_zone(view.fit, zone).get("as_of", "")),
                 f"{view.fit.get('customers', 0):,}", view.state, ", ".join(view.used_by))
                for view in found
            ],
        )  # fmt: skip


def show(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show a model: its parameters or what it looks at, how good it is on later data, and what has moved since."""
    with opened(workspace) as opened_workspace:
        view = opened_workspace.model(name)
        if as_json:
            output.show_json(view.as_dict())
            return
        output.say(f"{view.name}: {view.method}, {view.state}; used by {', '.join(view.used_by)}.")
        tellers = {
            "prediction": _prediction, "purchases": _purchases, "renewals": _renewals, "scale": _scale,
            "clusters": _clusters, "topics": text_models.topics, "sentiment": text_models.sentiment,
        }  # fmt: skip
        tell = tellers.get(view.method, _other)
        tell(_in_zone(view.fit, opened_workspace.settings.zone))


def refit(
    name: NameArgument, as_of: AsOfOption = None, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Fit a model anew and run; the new one stays only if it does no worse on the same later data."""
    with opened(workspace) as opened_workspace:
        view = opened_workspace.model(name)
        outcome = opened_workspace.refit_model(view.name, as_of)
        after = opened_workspace.model(view.name)
        if as_json:
            output.show_json(after.as_dict())
            return
        for warning in outcome.warnings:
            output.warn(warning)
        is_new = after.fit.get("as_of") != view.fit.get("as_of") or "as_of" not in after.fit
        output.say(f"The model '{view.name}' {'was fitted anew' if is_new else 'stays as it was'}.")
        _told_comparison(after.fit.get("compared"))


def compare(
    name: NameArgument, as_of: AsOfOption = None, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Fit a model anew beside the kept one, on the same later data; nothing is changed."""
    with opened(workspace) as opened_workspace:
        trial = opened_workspace.compare_model(name, as_of)
        if as_json:
            output.show_json(trial.as_dict())
            return
        for warning in trial.warnings:
            output.warn(warning)
        if trial.new is None:
            output.say(f"The model '{trial.name}' cannot be fitted anew; the kept one stays.")
            return
        _told_comparison(trial.compared)
        what = "would take its place" if trial.is_replaced else "would not take its place"
        output.say(f"Fitted anew, it {what}. To do so: satsuma model refit {trial.name}")


def _in_zone(fit: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Return a fit with its moments as days of the workspace."""

    def day(text: str) -> str:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(zone).date().isoformat()

    shown = dict(fit)
    if "as_of" in shown:
        shown["as_of"] = day(shown["as_of"])
    if "cutoffs" in shown:
        shown["cutoffs"] = [day(moment) for moment in shown["cutoffs"]]
    return shown


def _told_comparison(compared: Mapping[str, Any] | None) -> None:
    if compared is None:
        output.say("There was nothing to compare it with on later data.")
    elif "loss_difference" in compared:
        output.say(
            f"On the same later customers the new one's loss less the old one's is {compared['loss_difference']:+.4g} "
            f"(95 % interval {compared['low']:+.4g} to {compared['high']:+.4g}); below 0 the new one is better."
        )
        output.say(f"The one that was kept until now: {compared['calibration']}")
    else:
        output.say(
            f"On days that neither has seen, the new one is off by {compared['new']:.3g} purchases a customer, the old "
            f"one by {compared['old']:.3g}."
        )


# ----------------------------------------------------------------------------------------------------- kinds of models


def _prediction(fit: Mapping[str, Any]) -> None:
    card = fit["card"]
    output.say(fit["verdict"])
    for alarm in card["alarms"]:
        output.warn(alarm["sentence"])
    cutoffs = fit["cutoffs"]
    learned = f"Learned at {', '.join(cutoffs[:-1])} from {fit['rows']:,} rows; tested at {cutoffs[-1]} on "
    output.say(f"{learned}{card['rows']:,} customers, {fit['horizon_days']:g} days ahead.")
    rows = [("the model", card["model"]), *card["baselines"].items()]
    if card["target"] == "probability":
        output.show_table(
            (("", "left"), ("AUC", "right"), ("log loss", "right"), ("PR-AUC", "right"), ("mean said", "right"),
             ("lift, best tenth", "right")),
            [(label, f"{marks['auc']['estimate']:.3f}", f"{marks['log_loss']:.4f}", f"{marks['average_precision']:.3f}",
              f"{marks['mean_prediction']:.1%}", f"{marks['deciles']['lift'][0]:.2f}") for label, marks in rows],
            title=f"On the test: {card['base']:.1%} of customers",
        )  # fmt: skip
    else:
        output.show_table(
            (("", "left"), ("mean error", "right"), ("R2", "right"), ("total off by", "right"),
             ("lift, best tenth", "right")),
            [(label, f"{marks['mean_absolute_error']:,.2f}", f"{marks['r_squared']:.3f}",
              f"{marks['bias']['estimate']:+.1%}", f"{marks['deciles']['lift'][0]:.2f}") for label, marks in rows],
            title=f"On the test: {card['base']:,.2f} a customer",
        )  # fmt: skip
    output.show_table(
        (("it needs", "left"), ("loss rises by", "right")),
        [(item["name"], f"{item['increase']:.4g}") for item in card["importance"][:8] if item["increase"] > 0],
    )
    flagged = [item for item in card["groups"] if item["flagged"]]
    for item in flagged[:8]:
        output.say(
            f"It is off for {item['grouping']} = {item['label']}: {_level(item['mean_prediction'], card)} said, "
            f"{_level(item['rate'], card)} came ({item['rows']:,} customers)."
        )
    if fit.get("drift"):
        output.say(f"Since training: {fit['drift']['sentence']}")


def _level(value: float, card: Mapping[str, Any]) -> str:
    return f"{value:.1%}" if card["target"] == "probability" else f"{value:,.2f}"


def _purchases(fit: Mapping[str, Any]) -> None:
    _parameters(fit["purchases"])
    if fit.get("spend"):
        _parameters(fit["spend"])
        correlation = fit["spend"].get("correlation")
        if correlation is not None:
            output.say(f"Spend and frequency are correlated by {correlation:.2f}; the model takes them as independent.")
    table = fit.get("by_frequency")
    if table:
        off = table["total_expected"] / table["total_actual"] - 1 if table["total_actual"] else None
        total = "" if off is None else f"; in all {off:+.1%} off"
        output.show_table(
            (("repeat purchases until then", "left"), ("customers", "right"), ("expected", "right"), ("came", "right")),
            [(f"{x}{'+' if x == table['frequency'][-1] else ''}", f"{size:,}", _mean(said), _mean(came))
             for x, size, said, came in zip(table["frequency"], table["customers"], table["expected"], table["actual"],
                                            strict=True)],
            title=f"The last {fit['held_back_days']} days, from a fit on the days before{total}",
        )  # fmt: skip


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _renewals(fit: Mapping[str, Any]) -> None:
    _parameters(fit["renewals"])


def _scale(fit: Mapping[str, Any]) -> None:
    scales.tell(fit, {})


def _parameters(model: Mapping[str, Any]) -> None:
    estimate = model.get("estimate") or {}
    errors = dict(zip(estimate.get("names", ()), estimate.get("standard_errors", ()), strict=True))
    names = [name for name in estimate.get("names", ()) if name in model]
    output.show_table(
        ((model["model"], "left"), ("estimate", "right"), ("standard error", "right")),
        [(name, f"{model[name]:.5g}", "" if errors[name] is None else f"{errors[name]:.3g}") for name in names],
    )
    if estimate:
        output.say(f"Log-likelihood {estimate['log_likelihood']:,.2f}; {estimate['message']}")
        for note in estimate["notes"]:
            output.say(note)


def _clusters(fit: Mapping[str, Any]) -> None:
    groups.show_choice(fit["choice"], chosen=len(fit["groups"]))
    if fit["grouping"] is not None:
        groups.show_differences([(group["name"], group["differs"]) for group in fit["groups"]])
    groups.show_carry_over(fit.get("carry_over"))


def _other(fit: Mapping[str, Any]) -> None:
    output.show_table((("fact", "left"), ("value", "left")), list(_plain(fit)))


def _plain(fit: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in fit.items():
        if key not in ("form", "method"):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield key.replace("_", " "), text if len(text) <= 200 else f"{text[:200]}..."
