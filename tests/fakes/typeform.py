"""Typeform's API as far as it is read: forms, their fields, and the responses, the newest first.

Pages go back in time by `before`, the token of the last response seen; `since` is inclusive and to the second; with a
token no `sort` is taken. What was answered in the last half hour may not be there yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fakes import people
from fakes.hostile import Answer, Asked

MOST, USUAL = 1_000, 25
MOST_FORMS, USUAL_FORMS = 200, 10
PULSE, LIKES = "u6nXL7", "Zq81kd"
LAG = timedelta(minutes=30)

FIELDS: dict[str, list[dict[str, Any]]] = {
    PULSE: [
        {"id": "f1", "ref": "n1", "title": "I like to try new things.", "type": "opinion_scale",
         "properties": {"steps": 5, "start_at_one": True}},
        {"id": "f2", "ref": "n2", "title": "I am among the first to buy.", "type": "opinion_scale",
         "properties": {"steps": 5, "start_at_one": True}},
        {"id": "f3", "ref": "n3", "title": "I buy what I know.", "type": "opinion_scale",
         "properties": {"steps": 5, "start_at_one": True}},
        {"id": "f4", "ref": "recommend", "title": "Would you recommend us?", "type": "nps", "properties": {}},
        {"id": "f5", "ref": "stars", "title": "How was it?", "type": "rating", "properties": {"steps": 7}},
        {"id": "f6", "ref": "why", "title": "Why?", "type": "long_text", "properties": {}},
        {"id": "g1", "ref": "about", "title": "About you", "type": "group", "properties": {"fields": [
            {"id": "f7", "ref": "channel", "title": "Where do you buy?", "type": "multiple_choice",
             "properties": {"allow_multiple_selection": True}},
            {"id": "f8", "ref": "again", "title": "Again?", "type": "yes_no", "properties": {}},
        ]}},
    ],
    LIKES: [{"id": "k1", "ref": "colour", "title": "Which colour?", "type": "dropdown", "properties": {}}],
}  # fmt: skip


class Typeform:
    """An account with two forms; respondents are named by the hidden field `customer_id`, every tenth by nothing.

    now : the vendor's clock; a response shows only LAG after it was given. responses : by form, in the order given.
    """

    def __init__(self, *, responses: int = 12, key: str = "tfp_test", now: datetime | None = None) -> None:
        self.key = key
        self.now = now or people.moment(100_000)
        self.forms = {PULSE: "Customer pulse", LIKES: "Likes"}
        self.responses: dict[str, list[dict[str, Any]]] = {PULSE: [], LIKES: []}
        for number in range(responses):
            self.answer(number, at=people.moment(number))
        for number in range(3):
            self.like(number, at=people.moment(number))

    # ------------------------------------------------------------------------------------------ what is there

    def answer(self, number: int, *, at: datetime, level: int | None = None) -> None:
        """Let person `number` answer the pulse; `level` 1 to 5 is how much it likes what is new."""
        told = level or number % 5 + 1
        self._respond(PULSE, number, at, [
            _answer(PULSE, "n1", "number", told), _answer(PULSE, "n2", "number", max(1, told - number % 2)),
            _answer(PULSE, "n3", "number", 6 - told), _answer(PULSE, "recommend", "number", number % 11),
            _answer(PULSE, "stars", "number", number % 7 + 1), _answer(PULSE, "why", "text", f"Because {number}"),
            _answer(PULSE, "channel", "choices", {"labels": ["Web", "Shop"]}),
            _answer(PULSE, "again", "boolean", number % 2 == 0),
        ])  # fmt: skip

    def like(self, number: int, *, at: datetime) -> None:
        self._respond(LIKES, number, at, [_answer(LIKES, "colour", "choice", {"label": "Blue"})])

    def _respond(self, form: str, number: int, at: datetime, answers: list[dict[str, Any]]) -> None:
        token = f"{form.lower()}{len(self.responses[form]):08}"
        when = people.iso(at, zulu=True)
        self.responses[form].append({
            "landing_id": token, "token": token, "response_id": token, "response_type": "completed",
            "landed_at": when, "submitted_at": when, "metadata": {"user_agent": "Mozilla/5.0", "platform": "other"},
            "hidden": {"customer_id": f"c{number}"} if number % 10 else {}, "calculated": {"score": 0},
            "answers": answers,
        })  # fmt: skip

    def delete(self, form: str, token: str) -> None:
        self.responses[form] = [row for row in self.responses[form] if row["token"] != token]

    # ------------------------------------------------------------------------------------------------ answers

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "AUTHENTICATION_FAILED", "Authentication credentials not found on the Request Headers")
        match asked.path.strip("/").split("/"):
            case ["me"]:
                return Answer(body={"alias": "Shop", "email": "shop@example.com"})
            case ["forms"]:
                return self._forms(asked)
            case ["forms", form] if form in self.forms:
                return Answer(body={"id": form, "title": self.forms[form], "fields": FIELDS[form]})
            case ["forms", form, "responses"] if form in self.forms:
                return self._responses(asked, form)
        return error(404, "FORM_NOT_FOUND", "Non existing form")

    def _forms(self, asked: Asked) -> Answer:
        size, number = int(asked.one("page_size") or USUAL_FORMS), int(asked.one("page") or 1)
        if size > MOST_FORMS:
            return error(400, "VALIDATION_ERROR", f"page_size is at most {MOST_FORMS}")
        rows = [{"id": form, "title": title, "last_updated_at": people.iso(people.START, zulu=True)}
            for form, title in self.forms.items()]  # fmt: skip
        pages = -(-len(rows) // size)
        return Answer(body={"total_items": len(rows), "page_count": pages,
            "items": rows[(number - 1) * size : number * size]})  # fmt: skip

    def _responses(self, asked: Asked, form: str) -> Answer:
        size = int(asked.one("page_size") or USUAL)
        if size > MOST:
            return error(400, "VALIDATION_ERROR", f"page_size is at most {MOST}")
        before, after = asked.one("before"), asked.one("after")
        if asked.one("sort") is not None and (before or after):
            return error(400, "VALIDATION_ERROR", "sort cannot be used with before or after")
        rows = [row for row in self.responses[form] if people.read_iso(row["submitted_at"]) <= self.now - LAG]
        rows.sort(key=lambda row: (row["submitted_at"], row["token"]), reverse=True)
        for name, keep in (
            ("since", lambda when, border: when >= border),
            ("until", lambda when, border: when <= border),
        ):
            border = asked.one(name)
            if border is not None:
                rows = [row for row in rows if keep(people.read_iso(row["submitted_at"]), people.read_iso(border))]
        total = len(rows)
        tokens = [row["token"] for row in rows]
        if before is not None:
            # A token that is gone leaves nothing to go on from.
            rows = rows[tokens.index(before) + 1 :] if before in tokens else []
        if after is not None:
            rows = rows[: tokens.index(after)] if after in tokens else []
        return Answer(body={"total_items": total, "page_count": -(-total // size), "items": rows[:size]})


def _answer(form: str, ref: str, kind: str, value: Any) -> dict[str, Any]:
    flat = [field for found in FIELDS[form] for field in (found, *found["properties"].get("fields", ()))]
    field = next(field for field in flat if field["ref"] == ref)
    return {"field": {"id": field["id"], "type": field["type"], "ref": ref}, "type": kind, kind: value}


def error(status: int, code: str, description: str) -> Answer:
    return Answer(status=status, body={"code": code, "description": description, "details": []})
