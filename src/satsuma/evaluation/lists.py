"""Manual lists: one customer id a line in `lists/NAME.txt`, or a CSV with a customer_id column."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from satsuma.errors import EvaluationError
from satsuma.evaluation.columns import Mask
from satsuma.evaluation.context import Evaluation

SUFFIXES = (".txt", ".csv")


def list_names(folder: Path) -> frozenset[str]:
    """Return the lists that a workspace holds."""
    return frozenset(path.stem for path in folder.glob("*") if path.suffix in SUFFIXES)


def read_list(path: Path) -> frozenset[str]:
    """Return the customer ids of one list.

    Raises
    ------
    EvaluationError
        When the file is not UTF-8 text, or a CSV of several columns without one named customer_id.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise EvaluationError(f"The list lists/{path.name} cannot be read as UTF-8 text.") from None
    if path.suffix == ".txt":
        return frozenset(line.strip() for line in text.splitlines() if line.strip())
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if not rows:
        return frozenset()
    header = [cell.strip().lower() for cell in rows[0]]
    if "customer_id" in header:
        place = header.index("customer_id")
        return frozenset(row[place].strip() for row in rows[1:] if len(row) > place and row[place].strip())
    if len(rows[0]) > 1:
        raise EvaluationError(
            f"The list lists/{path.name} has several columns and none is named customer_id.",
            hint="Name the column of customer ids 'customer_id', or keep one id a line.",
        )
    return frozenset(row[0].strip() for row in rows if row[0].strip())


def listed(name: str, evaluation: Evaluation) -> Mask:
    """Say who is on a list; ids that nobody has are counted in a warning."""
    assert evaluation.lists_folder is not None
    path = next(evaluation.lists_folder / f"{name}{suffix}" for suffix in SUFFIXES
                if (evaluation.lists_folder / f"{name}{suffix}").exists())  # fmt: skip
    wanted = read_list(path)
    column = evaluation.ids
    answers = np.fromiter((word in wanted for word in column.words), np.bool_, len(column.words))
    unknown = len(wanted) - int(answers.sum())
    if unknown:
        evaluation.warnings.append(f"The list '{name}' holds {unknown:,} ids that no customer has.")
    if not len(answers):
        return np.zeros(evaluation.size, np.bool_)
    on_list: Mask = answers[np.where(column.present, column.values, 0)] & column.present
    return on_list
