"""Manual lists: one id a line in `lists/NAME.txt`, or a CSV with a column customer_id (account_id for accounts)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from satsuma.errors import EvaluationError
from satsuma.evaluation.columns import Mask
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import TABLES

SUFFIXES = (".txt", ".csv")


def list_files(folder: Path) -> dict[str, Path]:
    """Return the lists that a workspace holds, by name."""
    found = sorted(folder.glob("*"), key=lambda path: SUFFIXES.index(path.suffix) if path.suffix in SUFFIXES else 9)
    return {path.stem: path for path in reversed(found) if path.suffix in SUFFIXES}


def list_names(folder: Path) -> frozenset[str]:
    """Return the names of the lists that a workspace holds."""
    return frozenset(list_files(folder))


def read_list(path: Path, id_: str = "customer_id") -> frozenset[str]:
    """Return the ids of one list.

    Parameters
    ----------
    id_ : the name of their column in a CSV.

    Raises
    ------
    EvaluationError
        When the file is not UTF-8 text, or a CSV of several columns without one of ids.
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
    if id_ in header:
        place = header.index(id_)
        return frozenset(row[place].strip() for row in rows[1:] if len(row) > place and row[place].strip())
    if len(rows[0]) > 1:
        raise EvaluationError(
            f"The list lists/{path.name} has several columns and none is named {id_}.",
            hint=f"Name the column of ids '{id_}', or keep one id a line.",
        )
    return frozenset(row[0].strip() for row in rows if row[0].strip())


def listed(name: str, evaluation: Evaluation) -> Mask:
    """Say who is on a list; ids that nobody has are counted in a warning."""
    assert evaluation.lists_folder is not None
    entity = evaluation.roster.entity
    wanted = read_list(list_files(evaluation.lists_folder)[name], TABLES[entity][2])
    column = evaluation.ids
    answers = np.fromiter((word in wanted for word in column.words), np.bool_, len(column.words))
    unknown = len(wanted) - int(answers.sum())
    # Among some customers an id may be that of somebody else.
    if unknown and evaluation.roster.is_everybody:
        evaluation.warnings.append(f"The list '{name}' holds {unknown:,} ids that no {entity} has.")
    if not len(answers):
        return np.zeros(evaluation.size, np.bool_)
    on_list: Mask = answers[np.where(column.present, column.values, 0)] & column.present
    return on_list
