"""What the journal keeps of a delivery that was proved: where it belongs, and its body as it came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from satsuma.connectors.webhooks.reading import delivery_id, read_body, text_at
from satsuma.connectors.webhooks.schemes import Scheme

KIND = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A delivery that was proved.

    source : the name of the source that takes it. received_at : UTC without a zone.
    given_id, given_topic : what headers said. form, id_field, topic_field, echo : of its scheme at that time, so that
    a source that changes meanwhile does not change what was meant.
    """

    source: str
    received_at: datetime
    given_id: str
    given_topic: str
    form: Literal["json", "form"]
    id_field: str
    topic_field: str
    echo: str
    body: bytes

    @classmethod
    def of(cls, source: str, scheme: Scheme, body: bytes, *, id: str, topic: str, received_at: datetime) -> Hook:  # noqa: A002
        return cls(
            source=source, received_at=received_at, given_id=id, given_topic=topic, form=scheme.form,
            id_field=scheme.id_field, topic_field=scheme.topic_field, echo=scheme.echo, body=body,
        )  # fmt: skip

    def content(self) -> Any:
        """Return what it says, without the secret that some vendors repeat in it.

        Raises
        ------
        UnreadableError
            When the body is not what its vendor writes.
        """
        content = read_body(self.body, self.form)
        if self.echo and isinstance(content, dict):
            content.pop(self.echo, None)
        return content

    def delivery_id(self, content: Any) -> str:
        """Return what tells it from all others of its source."""
        return delivery_id(self.given_id or text_at(content, self.id_field), self.body)

    def topic(self, content: Any) -> str:
        """Return what it is about, as its vendor says; empty when nothing does."""
        return self.given_topic or text_at(content, self.topic_field)


_HEAD = ("source", "given_id", "given_topic", "form", "id_field", "topic_field", "echo")


def record_of(hook: Hook) -> bytes:
    """Return the record of a delivery: one line of what is known beside it, and its body."""
    head = {"kind": KIND, "at": hook.received_at.isoformat(), **{name: getattr(hook, name) for name in _HEAD}}
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + hook.body


def read_record(record: bytes) -> Hook:
    """Return the delivery that `record_of` made a record of."""
    head, body = record.split(b"\n", 1)
    said = json.loads(head)
    return Hook(received_at=datetime.fromisoformat(said["at"]), body=body, **{name: said[name] for name in _HEAD})
