"""The rules of a segmentation of the last run: which traits they may ask about, their words, and their files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.catalog import NAME_PATTERN
from satsuma.discovery.rules import RuleSet, rules_of
from satsuma.errors import NotFound, WrongUse
from satsuma.language.checker import Checked
from satsuma.language.definitions import ReadDefinitions, read_text
from satsuma.language.durations import local_day, microseconds
from satsuma.language.explain import explain
from satsuma.language.lineage import lineage
from satsuma.language.methods import METHODS
from satsuma.language.moments import Moment
from satsuma.language.types import Segment, Segmentation, Trait
from satsuma.segments.frame import CustomerFrame, TraitFacts
from satsuma.sources.names import words

#: The types that rules ask about.
ASKED = ("integer", "number", "money", "boolean", "date", "datetime", "text")
#: Formats whose texts are one customer's own.
_OWN = ("email", "phone", "url", "user_agent")

#: Checks the workspace's definitions together with those given.
Checking = Callable[[ReadDefinitions], Checked]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationRules:
    """The rules of one segmentation, ready to be shown and written.

    as_of : the day of the labels. words : each label's rule in words, in the order of labels; None where there is none.
    files : the text of each file by its path in the workspace. written : those that were written.
    """

    segmentation: str
    as_of: date
    rules: RuleSet
    words: tuple[str | None, ...]
    files: Mapping[str, str]
    written: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        facts = self.rules.as_dict()
        for group, said in zip(facts["groups"], self.words, strict=True):
            group["rule"] = said
        return {
            "segmentation": self.segmentation, "as_of": str(self.as_of), **facts, "files": dict(self.files),
            "written": list(self.written),
        }  # fmt: skip


def rules_of_run(
    frame: CustomerFrame,
    checking: Checking,
    checked: Checked,
    segmentation: str,
    *,
    zone: ZoneInfo,
    traits: Sequence[str] = (),
    allow_sensitive: Collection[str] = (),
    conditions: int | None = None,
    leaves: int | None = None,
    prefix: str = "",
    seed: int = 0,
) -> SegmentationRules:
    """Return the rules that say the labels of a segmentation.

    Parameters
    ----------
    traits : that rules may ask about; chosen when none is named, see `askable`.
    allow_sensitive : sensitive traits that may be used all the same.
    prefix : of the names of segments.

    Raises
    ------
    NotFound
        For a segmentation or trait that is not there, with the nearest names.
    WrongUse
        When there is nothing to tell apart, or nothing to tell it by.
    """
    if prefix and not re.fullmatch(NAME_PATTERN, prefix):
        raise WrongUse(
            f"'{prefix}' cannot begin the name of a segment.",
            hint="Names are small letters, digits and _: --prefix rfm",
        )
    labels = frame.labels(segmentation)
    chosen = tuple(traits) or askable(frame, checked, segmentation, allow_sensitive)
    _refuse_unfit(frame, chosen, allow_sensitive)
    found = rules_of(
        {name: frame.column(name) for name in chosen},
        labels.codes,
        labels.names,
        seed=seed,
        conditions=conditions,
        leaves=leaves,
        moment=Moment(microseconds(frame.as_of), zone),
    )
    day = local_day(frame.as_of, zone)
    segments = found.segment_texts(segmentation, as_of=str(day), prefix=prefix)
    files = {f"segments/{name}.yaml": text for name, text in segments.items()}
    if segments:
        # Without a condition there is no file of either kind, and the verdict says why.
        name = f"{segmentation}_rules"
        known = checked.of(Segmentation).get(segmentation)
        files[f"segmentations/{name}.yaml"] = found.segmentation_text(
            segmentation, name=name, title="" if known is None else known.title, as_of=str(day)
        )
    said = iter(_words(segments, checking, zone))
    spoken = tuple(None if group.where is None else next(said) for group in found.groups)
    return SegmentationRules(segmentation=segmentation, as_of=day, rules=found, words=spoken, files=files)


def _words(texts: Mapping[str, str], checking: Checking, zone: ZoneInfo) -> Iterator[str]:
    """Yield the rules of segments in words; to do so they are read and checked as any file is."""
    read = [read_text(text, "segment", file=f"segments/{name}.yaml", stem=name, zone=zone)
            for name, text in texts.items()]  # fmt: skip
    together = ReadDefinitions(
        definitions=tuple(item for part in read for item in part.definitions),
        documents={name: document for part in read for name, document in part.documents.items()},
        problems=tuple(problem for part in read for problem in part.problems),
    )
    checked = checking(together)
    for name in texts:
        yield explain(checked.of(Segment)[name], checked)


# -------------------------------------------------------------------------------------------------- choosing of traits


def askable(frame: CustomerFrame, checked: Checked, segmentation: str, allow: Collection[str] = ()) -> tuple[str, ...]:
    """Return the traits that the rules of a segmentation may ask about unasked.

    Of clusters they are those that the clusters were made of; else every trait that says something of customers in
    numbers, dates, yes or no, or texts. Personal data, what is sensitive, ids, and traits that come from the
    segmentation itself are left out.
    """
    definition = checked.of(Segmentation).get(segmentation)
    own: tuple[str, ...] = ()
    if definition is not None and definition.method == "clusters":
        own = METHODS[definition.method].reads(definition.settings).traits
    formats = {name: info.format for name, info in checked.vocabulary.catalog.traits.items()}
    known = checked.of(Trait)

    def fits(name: str, facts: TraitFacts) -> bool:
        is_alias = name in known and known[name].built_in and known[name].formula in frame.traits
        return (
            (not own or name in own)
            and facts.type in ASKED
            and (not facts.sensitive or name in allow)
            and not facts.personal_data
            and formats.get(name) not in _OWN
            and not {"id", "ids"} & set(words(name))
            and not is_alias
            and ("segmentation", segmentation) not in lineage(checked, "trait", name)
        )

    return tuple(name for name in sorted(frame.traits) if fits(name, frame.traits[name]))


def _refuse_unfit(frame: CustomerFrame, chosen: Sequence[str], allow: Collection[str]) -> None:
    for name in chosen:
        if name not in frame.traits:
            raise NotFound.named("trait", name, frame.traits, hint="See satsuma trait list.")
        if frame.traits[name].sensitive and name not in allow:
            raise WrongUse(
                f"The trait '{name}' is sensitive, or comes from what is.",
                hint=f"Leave it out, or say that it may be used: --allow-sensitive {name}",
            )
