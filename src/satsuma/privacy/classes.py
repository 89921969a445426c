"""Classes of personal data (Fideslang keys): which say what a group is like, and which say who somebody is."""

from __future__ import annotations

#: Where somebody lives, as coarsely as a group can share it.
HOMES = (
    "user.contact.address.city", "user.contact.address.state", "user.contact.address.country",
    "user.location.imprecise",
)  # fmt: skip

#: Personal data that say what a group is like and not who somebody is: the only classes that are looked at unasked.
OF_GROUPS = (
    *HOMES, "user.demographic", "user.demographic.age_range", "user.demographic.gender", "user.demographic.language",
    "user.demographic.marital_status", "user.financial", "user.job_title",
)  # fmt: skip


def says_who(personal_data: str | None) -> bool:
    """Return whether a class of personal data says who somebody is: a name, a contact, an exact place or birthday."""
    return personal_data is not None and personal_data not in OF_GROUPS
