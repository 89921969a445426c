"""People who use the server: each with a name, a role and a password."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from satsuma.access.passwords import hashed, new_password, refuse_easy
from satsuma.access.roles import ROLES, Role
from satsuma.errors import NotFound, WrongUse, nearest
from satsuma.ledger.schema import users
from satsuma.ledger.turns import take_turn

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in.

    must_change : somebody else knows the password; nothing else may be done before it is changed.
    """

    user_id: int
    name: str
    role: Role
    must_change: bool
    made_at: datetime
    last_signed_in_at: datetime | None
    disabled_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_COLUMNS = [column for column in users.c if column.name != "password_hash"]


class Users:
    """The users of one ledger. A name is written in small letters, however it was typed."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def add(self, name: str, role: str, *, now: datetime, password: str | None = None) -> tuple[User, str]:
        """Add a user; return the password too, which is a new one when none is given, and is to be changed.

        Raises
        ------
        WrongUse
            For a name that is none or taken, a role that is none, a password that is too easy.
        """
        own = folded(name)
        if not _NAME.fullmatch(own):
            raise WrongUse(
                "This is not a name for a user.",
                hint="A name has letters a to z, digits, and . _ @ + - between them: ada, or ada@example.com.",
            )
        given = _role(role)
        secret = new_password() if password is None else password
        refuse_easy(secret, own)
        values = {"name": own, "role": given, "password_hash": hashed(secret), "must_change": True, "made_at": now}
        with self._transaction() as connection:
            take_turn(connection, "users")
            if connection.execute(sa.select(users.c.user_id).where(users.c.name == own)).scalar() is not None:
                raise WrongUse(f"There is a user '{own}' already.", hint="Choose another name. See satsuma user list.")
            connection.execute(users.insert().values(**values))
            return _user(connection, own), secret

    def all(self) -> list[User]:
        """Return every user, by name."""
        with self._transaction() as connection:
            return [User(**row) for row in connection.execute(sa.select(*_COLUMNS).order_by(users.c.name)).mappings()]

    def get(self, name: str) -> User:
        """Return one user.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        with self._transaction() as connection:
            return _user(connection, folded(name))

    def find(self, name: str) -> tuple[User | None, str | None]:
        """Return a user with what is kept of the password, or nothing: for signing in alone."""
        if not _NAME.fullmatch(folded(name)):
            return None, None
        with self._transaction() as connection:
            row = connection.execute(sa.select(users).where(users.c.name == folded(name))).mappings().one_or_none()
        if row is None:
            return None, None
        facts = dict(row)
        kept = str(facts.pop("password_hash"))
        return User(**facts), kept

    def signed_in(self, user_id: int, *, now: datetime) -> None:
        """Note when somebody signed in."""
        with self._transaction() as connection:
            connection.execute(users.update().where(users.c.user_id == user_id).values(last_signed_in_at=now))

    def change_role(self, name: str, role: str) -> User:
        """Give a user another role; it counts from the next request on.

        Raises
        ------
        WrongUse
            When it is not a role, or the user is the last administrator.
        """
        return self._changed(name, leaves_admins=role != "admin", role=_role(role))

    def disable(self, name: str, *, now: datetime) -> User:
        """Shut a user out.

        Raises
        ------
        WrongUse
            When the user is the last administrator.
        """
        return self._changed(name, leaves_admins=True, disabled_at=now)

    def enable(self, name: str) -> User:
        """Let a user in again."""
        return self._changed(name, leaves_admins=False, disabled_at=None)

    def reset(self, name: str) -> tuple[User, str]:
        """Give a user a new password that is to be changed at once; return it."""
        secret = new_password()
        return self.set_password(name, secret, must_change=True), secret

    def set_password(self, name: str, password: str, *, must_change: bool) -> User:
        """Keep another password.

        Raises
        ------
        WrongUse
            When it is too easy.
        """
        refuse_easy(password, folded(name))
        return self._changed(name, leaves_admins=False, password_hash=hashed(password), must_change=must_change)

    def lose_password(self, name: str) -> User:
        """Forget a password that somebody else knows: a provider vouches for the user instead."""
        return self._changed(name, leaves_admins=False, password_hash=hashed(new_password()), must_change=False)

    def _changed(self, name: str, *, leaves_admins: bool, **values: Any) -> User:
        own = folded(name)
        with self._transaction() as connection:
            take_turn(connection, "users")
            user = _user(connection, own)
            connection.execute(users.update().where(users.c.name == own).values(**values))
            # Counted after the change, inside the turn: two at once cannot take each other's place away.
            admins = (users.c.role == "admin") & users.c.disabled_at.is_(None)
            if (
                leaves_admins
                and user.role == "admin"
                and not connection.execute(sa.select(sa.func.count()).select_from(users).where(admins)).scalar()
            ):
                raise WrongUse(
                    f"'{own}' is the last administrator.", hint="Make somebody else one first: satsuma user role"
                )
            return _user(connection, own)


def folded(name: str) -> str:
    """Return a name as it is kept and compared.

    Letters that fold to others (the sign of Kelvin to k) stay what they are, and name nobody: with them a provider's
    user would be taken for somebody else.
    """
    plain = name.strip()
    return plain.lower() if plain.isascii() else plain


def _role(given: str) -> Role:
    for role in ROLES:
        if role == given:
            return role
    near = nearest(given, ROLES)
    raise WrongUse(f"'{given}' is not a role.", hint=f"One of {', '.join(ROLES)}.", allowed=list(ROLES),
                   nearest=list(near))  # fmt: skip


def _user(connection: sa.Connection, name: str) -> User:
    row = connection.execute(sa.select(*_COLUMNS).where(users.c.name == name)).mappings().one_or_none()
    if row is None:
        known = connection.execute(sa.select(users.c.name)).scalars()
        raise NotFound.named("user", name, known, hint="See satsuma user list.")
    return User(**row)
