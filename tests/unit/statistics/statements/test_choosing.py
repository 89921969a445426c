"""Of the statements that passed, the largest are said, each about something else, and one about a lack."""

from __future__ import annotations

import numpy as np

from satsuma.statistics.statements.choosing import choose
from satsuma.statistics.statements.questions import Amounts, Question
from satsuma.statistics.statements.testing import Statement


def statement(question: int, effect: float, level: int = 0) -> Statement:
    return Statement(
        question=question, level=level, statistic="median", here=2, others=1, everybody=1, index=None, n=50,
        others_n=50, count=50, others_count=50, effect=effect, low=effect - 0.1, high=effect + 0.1, log_odds=None,
        p=0.001, p_adjusted=0.01, first=effect, held_out=effect, held_out_here=None, held_out_others=None,
        held_out_p=0.001,
    )  # fmt: skip


def different(many: int) -> list[Question]:
    rng = np.random.default_rng(1)
    return [Amounts(rng.random(400)) for _ in range(many)]


def test_one_of_each_question_and_no_more_than_asked() -> None:
    passed = [statement(0, 0.9), statement(0, 0.8, 1), statement(1, 0.7), statement(2, 0.6), statement(3, 0.5)]
    chosen = choose(passed, different(4), most=3)
    assert [(item.question, item.level) for item in chosen] == [(0, 0), (1, 0), (2, 0)]


def test_one_of_a_lack_is_among_them_where_there_is_any() -> None:
    passed = [statement(0, 0.9), statement(1, 0.7), statement(2, 0.6), statement(3, -0.3)]
    assert [item.question for item in choose(passed, different(4), most=3)] == [0, 1, 3]
    already = [statement(0, 0.9), statement(1, -0.7), statement(2, 0.6), statement(3, -0.3)]
    assert [item.question for item in choose(already, different(4), most=3)] == [0, 1, 2]


def test_what_says_the_same_is_said_once() -> None:
    questions = different(2)
    first = questions[0].has(0)
    # Ranks decide: money in cents says what money in euros does, however long its tail.
    questions.append(Amounts(np.exp(20 * first)))
    questions.append(Amounts(-first))
    passed = [statement(0, 0.9), statement(2, 0.8), statement(3, -0.7), statement(1, 0.6)]
    assert [item.question for item in choose(passed, questions, most=4)] == [0, 1]
    assert [item.question for item in choose(passed, questions, most=4, alike=1.1)] == [0, 2, 3, 1]


def test_nothing_passed_and_nothing_known_are_no_mistakes() -> None:
    assert choose([], []) == ()
    constant: list[Question] = [Amounts(np.full(10, 3.0)), Amounts(np.full(10, np.nan))]
    assert len(choose([statement(0, 0.5), statement(1, 0.4)], constant)) == 2
