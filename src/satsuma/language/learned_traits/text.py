"""`text`: what a text that a customer wrote is in, about, and how it sounds.

text: {language: comment}
text: {sentiment: comment, rating: stars}
text: {topic: comment, topics: 12, names: {"parcel, late, courier": Delivery}}

The argument is a trait that holds texts, loaded or computed. The language, and sentiment by a list of words, depend on
one customer's text alone; topics and sentiment learned from ratings come from a model of everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from satsuma.catalog import NUMERIC, Kind, ValueType
from satsuma.errors import nearest
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.formula import an
from satsuma.language.methods import Reads
from satsuma.language.words import quoted

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.locality import Span
    from satsuma.language.reader import Reader

Asked = Literal["language", "sentiment", "topic"]
WordList = Literal["own", "vader"]
ASKED: tuple[Asked, ...] = get_args(Asked)
WORD_LISTS: tuple[WordList, ...] = get_args(WordList)
#: The settings of each question.
SETTINGS_OF: dict[str, tuple[str, ...]] = {
    "language": (), "sentiment": ("rating", "scale", "words", "otherwise", "refit_every"),
    "topic": ("topics", "names", "refit_every"),
}  # fmt: skip
SETTINGS: tuple[str, ...] = tuple(dict.fromkeys(key for keys in SETTINGS_OF.values() for key in keys))
FEWEST_TOPICS, MOST_TOPICS = 2, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What is asked of a text.

    of : the trait that holds texts. rating : the trait of numbers that sentiment is learned from; None: a list of words
    is used. scale : the ends of a rating; None: those that were given. words : whose list. otherwise : what there is
    where ratings teach nothing: `nothing`, or what the list of `words` says. topics : how many; None: as many as are
    stable. names : proposed name -> the one that people gave. refit_every : microseconds after which the kept model is
    fitted anew; None: only when asked.
    """

    asked: Asked
    of: str
    rating: str | None = None
    scale: tuple[float, float] | None = None
    words: WordList = "own"
    otherwise: Literal["nothing", "words"] = "nothing"
    topics: int | None = None
    names: tuple[tuple[str, str], ...] = ()
    refit_every: int | None = None
    at: Path_ = field(default=(), compare=False)

    @property
    def is_learned(self) -> bool:
        """Whether a model of everybody's texts is behind it."""
        return self.asked == "topic" or self.rating is not None

    @property
    def fitted_for(self) -> str:
        """What the model was fitted for: a name that people give, or a word list that stands by, changes no model."""
        return repr((self.asked, self.of, self.rating, self.scale, self.topics))


class TextWay:
    """Values from what customers wrote."""

    name = "text"
    kind: Kind = "psychographic"

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, value: Any, path: Path_) -> Text | None:
        given = reader.mapping(value, path, "'text'")
        if given is None:
            return None
        found = [key for key in ASKED if key in given]
        if len(found) != 1:
            forms = ", ".join(ASKED)
            reader.problem(
                path, f"'text' begins with one of {forms}, and the trait that holds texts: {{topic: comment}}."
            )
            return None
        asked = found[0]
        allowed = (asked, *SETTINGS_OF[asked])
        for key in given:
            if key in allowed:
                continue
            if key in SETTINGS:
                reader.problem((*path, key), f"'{key}' has no meaning together with '{asked}'; leave it out.")
            else:
                message = f"'{key}' is not known in 'text'; allowed: {', '.join(allowed)}."
                reader.problem((*path, key), message, nearest(key, allowed))
        of = reader.name(given, asked, path)
        rating = reader.name(given, "rating", path) if "rating" in given else None
        settings: dict[str, Any] = {"rating": rating}
        if asked == "sentiment":
            settings |= self._sentiment(reader, given, path)
        elif asked == "topic":
            if "topics" in given:
                settings["topics"] = reader.integer(
                    given, "topics", path, low=FEWEST_TOPICS, high=MOST_TOPICS, default=0
                )
            settings["names"] = self._names(reader, given, path)
        if "refit_every" in given and (asked == "topic" or rating is not None):
            settings["refit_every"] = reader.duration(given["refit_every"], (*path, "refit_every"), "'refit_every'")
            if settings["refit_every"] is not None and settings["refit_every"] < MICROSECONDS_PER_DAY:
                reader.problem((*path, "refit_every"), "'refit_every' must be at least a day.")
        return None if of is None else Text(asked=asked, of=of, at=path, **settings)

    def _sentiment(self, reader: Reader, given: dict[str, Any], path: Path_) -> dict[str, Any]:
        if "rating" not in given:
            for key in ("scale", "otherwise", "refit_every"):
                if key in given:
                    reader.problem(
                        (*path, key), f"'{key}' is of ratings; name the trait that holds them: 'rating: stars'."
                    )
        return {
            "scale": self._scale(reader, given, path),
            "words": reader.choice(given, "words", WORD_LISTS, path) or "own",
            "otherwise": reader.choice(given, "otherwise", ("nothing", "words"), path) or "nothing",
        }

    def _scale(self, reader: Reader, given: dict[str, Any], path: Path_) -> tuple[float, float] | None:
        ends = given.get("scale")
        if "scale" not in given:
            return None
        if isinstance(ends, list) and len(ends) == 2 and all(
            isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends
        ) and ends[0] < ends[1]:  # fmt: skip
            return float(ends[0]), float(ends[1])
        reader.problem((*path, "scale"), "'scale' is the lowest and the highest rating: [1, 5].")
        return None

    def _names(self, reader: Reader, given: dict[str, Any], path: Path_) -> tuple[tuple[str, str], ...]:
        if "names" not in given:
            return ()
        named = given["names"]
        if isinstance(named, dict) and named and all(isinstance(name, str) and name.strip() for name in named.values()):
            return tuple((str(proposed), name.strip()) for proposed, name in named.items())
        form = '{"parcel, late, courier": Delivery}'
        reader.problem((*path, "names"), f"'names' gives proposed names others: {form}. See satsuma model show.")
        return ()

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: Text) -> Text:
        if checker.entity == "account":
            checker.problem(("text",), "'text' is of customers; the traits of accounts measure or compute.")
        type_ = checker.trait_type(settings.of)
        if type_ is not None and type_ != "text":
            checker.problem(
                (*settings.at, settings.asked), f"'{settings.asked}' reads texts; '{settings.of}' is {an(type_)}."
            )
        if settings.rating is not None:
            type_ = checker.trait_type(settings.rating)
            if type_ is not None and type_ not in NUMERIC:
                checker.problem((*settings.at, "rating"), f"'rating' is a number; '{settings.rating}' is {an(type_)}.")
        return settings

    def type(self, settings: Text) -> ValueType:
        return "number" if settings.asked == "sentiment" else "text"

    def reads(self, settings: Text) -> Reads:
        traits = (settings.of,) if settings.rating is None else (settings.of, settings.rating)
        return Reads(traits=traits, at=settings.at)

    def needs_everybody(self, settings: Text, span: Span, *, is_kept: bool) -> bool:
        """A text is looked at by itself; a model is fitted on everybody's, and may be due at midnight."""
        if not settings.is_learned:
            return False
        return not is_kept or (settings.refit_every is not None and span.day_changed)

    def explain(self, settings: Text) -> Iterable[str]:
        of = quoted(settings.of)
        if settings.asked == "language":
            yield f"The language of {of} as two letters, told offline from its script, function words and letters."
            yield "A text that is short, mixed or in a language that is not known has no value."
        elif settings.asked == "topic":
            count = "as many topics as are stable" if settings.topics is None else f"{settings.topics} topics"
            yield f"The main topic of {of}: one of {count}, found by what words come together in everybody's texts."
            yield "The model is kept, so that topics do not shift. A text without a known word has no value."
        elif settings.rating is not None:
            high = quoted(settings.rating)
            yield f"How {of} sounds, from -1 to 1: above 0 where it reads more like those with a high {high}."
            yield "It is learned from everybody's ratings, tested on texts held back, and kept as a model."
        else:
            by = (
                "the word list of vaderSentiment (English only)"
                if settings.words == "vader"
                else "a small list of words"
            )
            yield f"How {of} sounds, from -1 to 1, by {by}: weak, and blind to irony."
            yield "With 'rating' it is learned from customers' own ratings instead."
