"""What deliveries bring: which of a source's streams, whose erasure, or a reason to ask the vendor soon.

Vendors' own stand in `topics.yaml`; a source may say its own under `webhook:`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from satsuma import documents
from satsuma.connectors.paths import Path
from satsuma.connectors.reading_values import ValueReader, Where
from satsuma.errors import DefinitionError

#: What somebody asks for who is known here: to be forgotten, to learn what is known; or a shop that left.
PrivacyKind = Literal["erasure", "access", "shop_erasure"]
PRIVACY_KINDS: tuple[PrivacyKind, ...] = get_args(PrivacyKind)

PRIVACY_WORDS: Mapping[PrivacyKind, str] = {
    "erasure": "somebody is to be forgotten",
    "access": "somebody asks what is known",
    "shop_erasure": "a shop that left is to be forgotten",
}

TOPIC_KEYS = ("stream", "records", "each", "gone", "sync", "privacy", "subject", "skip")
#: More items than this in one delivery are not read; Segment sends 4,000 at most.
MOST_ITEMS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What deliveries bring whose topic fits a pattern.

    stream, records : what lands as records of a stream, and where it stands. each : the id of what the stream is read
    for one by one. gone : what stands there is not at the vendor any more. sync : streams to be read soon, where
    `syncs`; all when none is named. privacy, subject : what somebody asks for, and who, by names.
    """

    pattern: str
    stream: str | None = None
    records: Path | None = None
    each: Path | None = None
    gone: bool = False
    syncs: bool = False
    sync: tuple[str, ...] = ()
    privacy: PrivacyKind | None = None
    subject: Mapping[str, Path] = field(default_factory=dict)

    def words(self) -> str:
        """Say what it brings."""
        said = []
        if self.stream is not None:
            said.append(f"{'deleted ' if self.gone else ''}records of {self.stream}")
        if self.syncs:
            said.append(f"lets {', '.join(self.sync) or 'all streams'} be read soon")
        if self.privacy is not None:
            said.append(PRIVACY_WORDS[self.privacy])
        return "; ".join(said) or "nothing that is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """All that deliveries of a source bring. items : where the single items stand; the delivery is one without it."""

    topics: tuple[Topic, ...] = ()
    items: Path | None = None

    def of(self, topic: str) -> Topic | None:
        """Return what a topic brings, None for one that nobody described."""
        return next((item for item in self.topics if fnmatchcase(topic, item.pattern)), None)

    def items_of(self, content: Any) -> Iterator[Any]:
        """Yield the single items of a delivery."""
        found = content if self.items is None else self.items.of(content)
        if self.items is None or not isinstance(found, list):
            yield found
            return
        yield from found[:MOST_ITEMS]

    def streams(self) -> set[str]:
        """Return the names of all streams that are spoken of."""
        return {name for topic in self.topics for name in (topic.stream, *topic.sync) if name}


def read_topics(reader: ValueReader, given: Any, items: Any, at: Where, items_at: Where) -> Topics:
    """Read a mapping of patterns, with every mistake said to the reader."""
    entries = reader.mapping(given or {}, at) or {}
    found = [_read_topic(reader, pattern, entry, (*at, pattern)) for pattern, entry in entries.items()]
    for number, pattern in enumerate(entries):
        first = next((other for other in list(entries)[:number] if fnmatchcase(pattern, other)), None)
        if first is not None:
            reader.problem((*at, pattern), f"'{pattern}' is never reached: '{first}' before it fits too, and counts.")
    return Topics(topics=tuple(item for item in found if item), items=reader.path_or_none(items, items_at))


def _read_topic(reader: ValueReader, pattern: str, given: Any, at: Where) -> Topic | None:
    entry = reader.mapping(given, at)
    if entry is None:
        reader.problem(at, "Say what such a delivery brings: 'stream', 'sync', 'privacy' or 'skip'.")
        return None
    reader.keys(entry, TOPIC_KEYS, at)
    said = [key for key in ("stream", "sync", "privacy", "skip") if key in entry]
    if not said or ("skip" in said and len(said) > 1) or {"stream", "sync"} <= set(said):
        reader.problem(at, "One of 'stream', 'sync', 'privacy' and 'skip' is needed: what such a delivery brings.")
        return None
    sync = entry.get("sync")
    subject = reader.mapping(entry.get("subject") or {}, (*at, "subject")) or {}
    paths = {name: reader.path(value, (*at, "subject", name)) for name, value in subject.items()}
    privacy: PrivacyKind | None = reader.choice(entry, "privacy", PRIVACY_KINDS, at)
    if privacy is not None and not subject:
        reader.problem(at, "'subject' is needed: who it is about.")
    return Topic(
        pattern=pattern,
        stream=reader.text(entry, "stream", at),
        records=reader.path(entry.get("records", "@"), (*at, "records")),
        each=reader.path_or_none(entry.get("each"), (*at, "each")),
        gone=reader.flag(entry, "gone", at),
        syncs="sync" in entry and sync is not False,
        sync=() if isinstance(sync, bool) else tuple(str(item) for item in reader.items(sync, (*at, "sync"))),
        privacy=privacy,
        subject={name: path for name, path in paths.items() if path is not None},
    )


@cache
def vendor_topics() -> Mapping[str, Topics]:
    """Return what the deliveries of each vendor bring."""
    text = resources.files("satsuma.connectors.webhooks").joinpath("topics.yaml").read_text(encoding="utf-8")
    reader = ValueReader(documents.read_document(text, "topics.yaml"))
    found = {}
    for vendor, entry in reader.document.value.items():
        reader.keys(entry, ("items", "topics"), (vendor,))
        found[vendor] = read_topics(reader, entry["topics"], entry.get("items"), (vendor, "topics"), (vendor, "items"))
    if reader.problems:
        raise DefinitionError.of(reader.problems)
    return found
