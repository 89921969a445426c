"""The verdict: each word for its reason, the gravest first, and what is said beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from satsuma.evidence.afterwards import Afterwards, Outcome
from satsuma.evidence.card import EvidenceCard
from satsuma.evidence.drift import GroupDrift, MakeUp, SizeThen
from satsuma.evidence.overall import Explained
from satsuma.evidence.overlap import Alikeness, Nearest
from satsuma.evidence.separation import Role, Separation, TraitEffect
from satsuma.evidence.split import Halves
from satsuma.evidence.stability import Stability
from satsuma.evidence.verdict import Known, Verdict, verdict
from satsuma.evidence.whole import whole_verdict

NOW = datetime(2024, 7, 1)


def effect(value: float = 0.5, q: float | None = 0.001, role: Role = "unused", trait: str = "age") -> TraitEffect:
    return TraitEffect(trait=trait, title=trait, measured="number", role=role, effect=value, control=0.1, p=q, q=q,
                       inside=1.0, outside=0.0)  # fmt: skip


def apart(*effects: TraitEffect) -> Separation:
    return Separation(effects=effects, alike_used=None, alike_unused=None)


def followed(value: float = 0.5, q: float = 0.001) -> Afterwards:
    outcome = Outcome(what="bought", inside=0.5, outside=0.2, difference=0.3, low=0.2, high=0.4, shuffled=0.1, p=q, q=q,
                      effect=value)  # fmt: skip
    return Afterwards(since=NOW, until=NOW, size=500, outcomes=(outcome,))


def sized(before: float, now: float) -> GroupDrift:
    sizes = tuple(SizeThen(moment=NOW - timedelta(days=days), size=1, share=share)
                  for days, share in ((90, before), (0, now)))  # fmt: skip
    return GroupDrift(sizes=sizes, since=NOW, make_up=())


GOOD = Known(
    size=1_000, share=0.1, separation=apart(effect()),
    stability=Stability(how="earlier", jaccard=0.9, chance=0.1, days=7),
    nearest=Nearest(other="b", jaccard=0.1, chance=0.05, contained=0.2), afterwards=followed(), drift=sized(0.1, 0.1),
)  # fmt: skip
NOTHING = apart(*(effect(0.1, 0.6, trait=name) for name in "abc"))


def test_what_differs_foretells_and_lasts_is_kept_with_its_reasons() -> None:
    found = verdict(GOOD)
    assert found.word == found.told == "keep"
    text = " ".join(found.reasons)
    assert "1 of 1 traits" in text
    assert "'age' (+0.50)" in text
    assert "'bought' differs by +0.50" in text
    assert "highly stable" in text


@pytest.mark.parametrize(
    ("change", "word", "sentence"),
    [
        ({"size": 99}, "too small", "99 members"),
        ({"outdated": ["Its definition was changed."]}, "stale", "was changed"),
        ({"nearest": Nearest(other="b", jaccard=0.8, chance=0.1, contained=1.0)}, "merge", "80% of those in either"),
        ({"alike": Alikeness(other="B", most=0.009, trait="age")}, "merge", "act alike"),
        ({"separation": NOTHING, "afterwards": None}, "not different", "in 3 traits"),
        ({"separation": NOTHING, "afterwards": followed(0.1, 0.9)}, "not different", "afterwards"),
        ({"separation": apart(), "afterwards": None}, "not judged", "no trait"),
        ({"separation": apart(effect(0.1, 0.6)), "afterwards": None}, "not judged", "only 1 trait"),
        ({"stability": Stability(how="earlier", jaccard=0.59, chance=0.1, days=7)}, "unstable", "7 days ago, 59%"),
        ({"stability": Stability(how="refitted", jaccard=0.59, chance=0.1)}, "unstable", "would share 59%"),
        ({"stability": Stability(how="refitted", jaccard=0.9, chance=0.1, agrees_with_kept=0.5)}, "stale", "is old"),
        ({"drift": sized(0.04, 0.1)}, "stale", "90 days before it was 4.0%"),
        ({"halves": Halves(trait="age", border=40, below=0.5, depth=0.2, p=0.001, q=0.01)}, "split", "two places"),
    ],
)  # fmt: skip
def test_each_word_has_its_reason(change: dict[str, object], word: str, sentence: str) -> None:
    found = verdict(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found.word == word
    assert sentence in " ".join(found.reasons)


def test_thresholds_are_on_the_right_side() -> None:
    for change in (
        {"size": 100},
        {"nearest": Nearest(other="b", jaccard=0.79, chance=0.1, contained=0.9)},
        {"alike": Alikeness(other="B", most=0.01, trait="age")},
        {"stability": Stability(how="earlier", jaccard=0.6, chance=0.1, days=7)},
        {"drift": sized(0.06, 0.1)},
        {"halves": Halves(trait="age", border=40, below=0.1, depth=0.2, p=0.001, q=0.01)},
        {"halves": Halves(trait="age", border=40, below=0.5, depth=0.8, p=0.001, q=0.01)},
    ):
        assert verdict(replace(GOOD, **change)).word == "keep", change  # type: ignore[arg-type]


def test_a_difference_that_is_sure_and_small_or_large_and_unsure_or_circular_is_none() -> None:
    for weak in (effect(0.19), effect(0.9, 0.03), effect(3.0, None, "used"), effect(3.0, None, "related")):
        known = replace(GOOD, separation=apart(weak, effect(0.0, 0.9, trait="b"), effect(0.0, 0.9, trait="c"),
                                               effect(0.0, 0.9, trait="d")), afterwards=None)  # fmt: skip
        assert verdict(known).word == "not different", weak


def test_the_gravest_comes_first_and_the_others_are_said() -> None:
    found = verdict(replace(GOOD, size=50, outdated=["Old."], drift=sized(0.01, 0.1)))
    assert found.word == "too small"
    assert "Old." in found.notes
    assert any("share of everybody" in note for note in found.notes)


def test_so_few_that_nothing_is_told_of_them_have_one_reason() -> None:
    found = verdict(replace(GOOD, size=9, outdated=["Old."]))
    assert (found.word, found.notes) == ("too small", ("It holds 10.00% of everybody",)[:0])


def test_moved_make_up_is_stale_and_chance_is_not() -> None:
    moved = MakeUp(trait="age", psi=0.4, by_chance=0.01, p=0.0)
    chance = MakeUp(trait="age", psi=0.4, by_chance=0.5, p=0.4)
    trifle = MakeUp(trait="age", psi=0.09, by_chance=0.001, p=0.0)
    assert [item.word for item in (moved, chance, trifle)] == ["moved", "steady", "steady"]
    assert MakeUp(trait="age", psi=0.2, by_chance=0.01, p=0.0).word == "moved a little"
    assert verdict(replace(GOOD, drift=replace(sized(0.1, 0.1), make_up=(moved,)))).word == "stale"
    assert verdict(replace(GOOD, drift=replace(sized(0.1, 0.1), make_up=(chance, trifle)))).word == "keep"


def test_small_shares_and_what_lies_within_another_are_notes() -> None:
    found = verdict(replace(GOOD, share=0.01, nearest=Nearest(other="b", jaccard=0.2, chance=0.1, contained=0.96)))
    assert found.word == "keep"
    assert any("1.00% of everybody" in note for note in found.notes)
    assert any("96% of it lie in 'b'" in note for note in found.notes)


def test_merging_names_the_other() -> None:
    found = verdict(replace(GOOD, nearest=Nearest(other="b", jaccard=0.9, chance=0.1, contained=1.0)))
    assert (found.other, found.told) == ("b", "merge with b")
    assert found.as_dict()["told"] == "merge with b"


# -------------------------------------------------------------------------------------------------- whole segmentations


def label(name: str, word: Verdict, *, sure: bool = True, size: int = 500) -> EvidenceCard:
    return EvidenceCard(
        name="s", label=name, title="S", size=size, share=0.1, share_low=0.1, share_high=0.1, is_told=True,
        verdict=word,
        separation=apart(effect()) if sure else apart(effect(0.0, 0.9)),
    )  # fmt: skip


def trait(value: float, q: float, name: str = "age") -> Explained:
    return Explained(trait=name, title=name, role="unused", measure="epsilon2", value=value, control=0.01, p=q, q=q)


KEEP = Verdict(word="keep")


def test_a_segmentation_is_kept_where_its_labels_are() -> None:
    found = whole_verdict([label("A", KEEP), label("B", KEEP)], [trait(0.5, 0.0)], 0.9, [])
    assert (found.word, found.reasons) == ("keep", ("2 of its 2 labels are to be kept as they are.",))


def test_a_segmentation_has_the_gravest_of_what_speaks_against_it() -> None:
    labels = [label("A", Verdict(word="merge", other="B")), label("B", Verdict(word="merge", other="A")),
              label("C", Verdict(word="too small"), size=9), label("D", Verdict(word="split"))]  # fmt: skip
    found = whole_verdict(labels, [trait(0.5, 0.0)], 0.5, [])
    assert found.word == "unstable"
    assert found.notes[:3] == ("'A' and 'B' act alike.", "Fewer than 100 are in 'C'.", "In two heaps: 'D'.")
    assert whole_verdict(labels, [trait(0.5, 0.0)], None, []).told == "merge with A and B"
    assert whole_verdict(labels, [trait(0.5, 0.0)], None, ["Changed."]).word == "stale"


def test_labels_that_no_trait_follows_are_not_different() -> None:
    labels = [label("A", Verdict(word="not different"), sure=False), label("B", KEEP, sure=False)]
    nothing = [trait(0.001, 0.5, name) for name in "abc"]
    assert whole_verdict(labels, nothing, None, []).word == "not different"
    assert whole_verdict(labels, nothing[:2], None, []).word == "not judged"


def test_labels_of_nobody_do_not_count() -> None:
    labels = [label("A", KEEP), label("none", Verdict(word="too small"), size=0)]
    assert whole_verdict(labels, [trait(0.5, 0.0)], None, []).word == "keep"
