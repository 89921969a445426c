"""All of it in one: made from the ledger's transactions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from satsuma.access.attempts import Attempts
from satsuma.access.keys import Keys
from satsuma.access.passwords import is_right, resembles_work
from satsuma.access.roles import Role
from satsuma.access.sessions import Session, Sessions
from satsuma.access.users import User, Users
from satsuma.errors import NotSignedIn, WrongUse

if TYPE_CHECKING:
    import sqlalchemy as sa

#: The user of a first start.
FIRST_USER = "admin"


class Access:
    """The keys, users and sessions that one ledger keeps. Moments are UTC without a zone."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    @cached_property
    def keys(self) -> Keys:
        return Keys(self._transaction)

    @cached_property
    def users(self) -> Users:
        return Users(self._transaction)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._transaction)

    @cached_property
    def attempts(self) -> Attempts:
        return Attempts(self._transaction)

    def sign_in(self, name: str, password: str, *, address: str, now: datetime) -> tuple[User, Session, str]:
        """Begin a session; return the user, the session, and the secret that stands for it.

        Whoever is unknown, disabled or wrong hears the same, after the same time.

        Raises
        ------
        TooMany
            After repeated failures for the name or from the address, with how long to wait.
        NotSignedIn
            When name and password do not belong together.
        """
        # Counted before it is looked at: many tries at once are as many failures.
        self.attempts.begin(name, address, now=now)
        user, password_hash = self.users.find(name)
        if user is None or password_hash is None or user.disabled_at is not None:
            resembles_work(password)
            raise _refused()
        if not is_right(password, password_hash):
            raise _refused()
        self.attempts.forgive(name, address)
        session, secret = self.sessions.begin(user.user_id, now=now)
        self.users.signed_in(user.user_id, now=now)
        return user, session, secret

    def sign_in_as(
        self, name: str, *, role: Role | None, new_users: Role | None, now: datetime
    ) -> tuple[User, Session, str]:
        """Begin a session of somebody whom a provider vouches for; return what `sign_in` returns.

        Parameters
        ----------
        role : what the provider's groups give, if they give any; it counts from now on.
        new_users : the role of somebody who was not added; None lets in nobody else.

        Raises
        ------
        NotSignedIn
            When the user was shut out, or is not known and may not be added.
        WrongUse
            When the name cannot be one of a user.
        """
        user, _ = self.users.find(name)
        if user is None:
            given = role or new_users
            if given is None:
                raise NotSignedIn("Nobody of this name uses this server.", hint="An administrator adds people.")
            user, _ = self.users.add(name, given, now=now)
        if user.disabled_at is not None:
            raise NotSignedIn("This user was shut out.", hint="An administrator lets people in again.")
        if role is not None and role != user.role:
            # The last administrator stays one: a group that is gone must not lock everybody out.
            with suppress(WrongUse):
                user = self.users.change_role(user.name, role)
        if user.must_change:
            user = self.users.lose_password(user.name)
        session, secret = self.sessions.begin(user.user_id, now=now)
        self.users.signed_in(user.user_id, now=now)
        return user, session, secret

    def change_password(self, user: User, old: str, new: str, *, address: str, now: datetime) -> None:
        """Give a user who knows the old password a new one; every session of theirs ends.

        Raises
        ------
        TooMany, NotSignedIn
            As when signing in, for the old password.
        WrongUse
            When the new password is too easy, or the old one.
        """
        self.attempts.begin(user.name, address, now=now)
        _, password_hash = self.users.find(user.name)
        if password_hash is None or not is_right(old, password_hash):
            raise NotSignedIn("The old password is not right.", hint="Try again, or ask an administrator for a reset.")
        self.attempts.forgive(user.name, address)
        if old == new:
            raise WrongUse("The new password is the old one.", hint="Choose another one.")
        self.users.set_password(user.name, new, must_change=False)
        self.sessions.end_all(user.user_id)

    def disable(self, name: str, *, now: datetime) -> User:
        """Shut a user out, at once."""
        user = self.users.disable(name, now=now)
        self.sessions.end_all(user.user_id)
        return user

    def reset(self, name: str) -> tuple[User, str]:
        """Give a user a new password, to be changed at once; return it. Sessions end, and so does a lock-out."""
        user, password = self.users.reset(name)
        self.sessions.end_all(user.user_id)
        self.attempts.forgive_name(name)
        return user, password


def _refused() -> NotSignedIn:
    return NotSignedIn("Name and password do not belong together.", hint="Try again, or ask an administrator.")
