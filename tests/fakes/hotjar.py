"""Hotjar's API as far as it is read: surveys of a site with their questions, and the responses, the newest first.

A token is had by client credentials, form-encoded, and lasts an hour; responses come by cursor, at most 100 a page, and
cannot be asked for by date.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from fakes import people
from fakes.hostile import Answer, Asked

MOST, USUAL = 100, 50
SITE = 4711
EXIT, NPS = 31, 32

QUESTIONS: dict[int, list[dict[str, Any]]] = {
    EXIT: [
        {"id": "q1", "text": "How easy was it?", "type": "rating", "is_required": True, "choices": None,
         "labels": {"1": "hard", "5": "easy"}},
        {"id": "q2", "text": "What was missing?", "type": "long-text", "is_required": False, "choices": None,
         "labels": None},
    ],
    NPS: [{"id": "q3", "text": "Would you recommend us?", "type": "nps", "is_required": True, "choices": None,
           "labels": None}],
}  # fmt: skip


class Hotjar:
    """A site with two surveys.

    responses : by survey, in the order given. tokens : those that are taken, the last one given out the only one.
    """

    def __init__(self, *, responses: int = 10, key: tuple[str, str] = ("hj-client", "hj-secret")) -> None:
        self.key = key
        self.tokens: set[str] = set()
        self.given = 0
        self.surveys = {EXIT: "Leaving", NPS: "Recommend"}
        self.responses: dict[int, list[dict[str, Any]]] = {EXIT: [], NPS: []}
        for number in range(responses):
            self.answer(number, at=people.moment(number))
        for number in range(3):
            self.recommend(number, number + 8, at=people.moment(number))

    # ------------------------------------------------------------------------------------------ what is there

    def answer(self, number: int, *, at: datetime) -> None:
        answers = [{"question_id": "q1", "answer": str(number % 5 + 1)}]
        if number % 3 == 0:
            answers.append({"question_id": "q2", "answer": f"More of {number}"})
        self._respond(EXIT, number, at, answers)

    def recommend(self, number: int, score: int, *, at: datetime) -> None:
        self._respond(NPS, number, at, [{"question_id": "q3", "answer": str(score)}])

    def _respond(self, survey: int, number: int, at: datetime, answers: list[dict[str, Any]]) -> None:
        self.responses[survey].append({
            "id": f"{survey}-{len(self.responses[survey]):06}", "created_time": people.iso(at, zulu=True),
            "user_id": f"c{number}" if number % 10 else None, "answers": answers, "comment": None, "tags": [],
        })  # fmt: skip

    def delete(self, survey: int, response: str) -> None:
        self.responses[survey] = [row for row in self.responses[survey] if row["id"] != response]

    def forget_tokens(self) -> None:
        """Let no token that was given out be taken any more."""
        self.tokens.clear()

    # ------------------------------------------------------------------------------------------------ answers

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/v1/oauth/token":
            return self._token(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "Missing or invalid authorization header")
        match asked.path.strip("/").split("/"):
            case ["v1", "sites", site, "surveys"] if site == str(SITE):
                rows = [{"id": key, "name": name, "type": "popover", "is_enabled": True,
                    "created_time": people.iso(people.START, zulu=True),
                    **({"questions": QUESTIONS[key]} if asked.one("with_questions") == "true" else {})}
                    for key, name in self.surveys.items()]  # fmt: skip
                return self._page(asked, rows)
            case ["v1", "sites", site, "surveys", survey, "responses"] if site == str(SITE):
                if not survey.isdigit() or int(survey) not in self.surveys:
                    return error(404, "Survey not found")
                rows = sorted(self.responses[int(survey)], key=lambda row: row["created_time"], reverse=True)
                return self._page(asked, rows)
        return error(404, "Not found")

    def _token(self, asked: Asked) -> Answer:
        if asked.method != "POST" or "x-www-form-urlencoded" not in asked.headers.get("content-type", ""):
            return error(415, "The token request must be form-encoded")
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        wanted = {"grant_type": "client_credentials", "client_id": self.key[0], "client_secret": self.key[1]}
        if any(form.get(name) != value for name, value in wanted.items()):
            return error(401, "Invalid client credentials")
        self.given += 1
        token = f"token-{self.given}"
        self.tokens = {token}
        return Answer(body={"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> Answer:
        limit = int(asked.one("limit") or USUAL)
        if limit > MOST:
            return error(400, f"limit is at most {MOST}")
        ids = [str(row["id"]) for row in rows]
        cursor = asked.one("cursor")
        if cursor is not None and cursor not in ids:
            return error(400, "Unknown cursor")
        start = ids.index(cursor) if cursor is not None else 0
        after = ids[start + limit] if start + limit < len(ids) else None
        return Answer(body={"results": rows[start : start + limit], "next_cursor": after})


def error(status: int, message: str) -> Answer:
    return Answer(status=status, body={"error": message})
