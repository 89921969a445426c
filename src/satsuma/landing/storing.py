"""What keeps rows from being stored: what they say, or a warehouse that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from satsuma.errors import SourceError, WorkspaceError


@contextmanager
def storing(what: str, *, failed: str, hint: str) -> Iterator[None]:
    """Turn what is raised within into an error of ours, which repeats no value.

    Parameters
    ----------
    what : what is stored, as a sentence begins: "The messages".
    failed, hint : what is said of a warehouse that cannot be written, behind the name of its error.

    Raises
    ------
    SourceError
        When what is stored does not fit: looked for in halves, one that does not holds up no other.
    WorkspaceError
        When the warehouse cannot be written.
    """
    import duckdb

    try:
        yield
    except (duckdb.DataError, duckdb.IntegrityError, duckdb.ProgrammingError, duckdb.NotSupportedError) as error:
        raise SourceError(f"{what} cannot be stored ({type(error).__name__}).") from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        # Nobody foresaw this value: what holds it waits in quarantine, and the others are landed.
        raise SourceError(f"{what} cannot be read ({type(error).__name__}).") from None
    except duckdb.Error as error:
        raise WorkspaceError(f"{what} cannot be landed ({type(error).__name__}). {failed}", hint=hint) from None
