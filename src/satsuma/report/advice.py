"""What to do about a group that is known by its name: the usual names of recency and frequency, and stages of life."""

from __future__ import annotations

#: One line for each name of the grid of ten, of the table of eleven, and of the stages of a customer's life.
PLAYBOOK = {
    "champions": "Thank them, show new things first, ask for reviews and referrals. They need no discount.",
    "loyal": "Offer what goes with their favourites; invite them to a loyalty programme.",
    "loyal customers": "Offer what goes with their favourites; invite them to a loyalty programme.",
    "potential loyalist": "Suggest the next purchase while the last is fresh; membership or a small bundle helps.",
    "potential loyalists": "Suggest the next purchase while the last is fresh; membership or a small bundle helps.",
    "new": "Welcome them, help with the first use, and aim at a second order within their first weeks.",
    "new customers": "Welcome them, help with the first use, and aim at a second order within their first weeks.",
    "promising": "Build the habit: remind them of what they looked at, with a small reason to come back.",
    "need attention": "A limited offer on what they bought before; they are good customers about to cool.",
    "needs attention": "A limited offer on what they bought before; they are good customers about to cool.",
    "about to sleep": "Reach out now with popular things and a reason to return; later it costs more.",
    "at risk": "Write personally, ask what went wrong, and offer a reason to return, before any mass discount.",
    "cannot lose them": "Call or write by a person. A few of them are worth more than many new customers.",
    "cannot lose": "Call or write by a person. A few of them are worth more than many new customers.",
    "can't lose": "Call or write by a person. A few of them are worth more than many new customers.",
    "can't lose them": "Call or write by a person. A few of them are worth more than many new customers.",
    "hibernating": "Seasonal messages only; let the cost per contact stay low.",
    "lost": "One last win-back attempt, then stop: every further message costs trust and money.",
    "active": "Leave the rhythm alone; add to the basket rather than to the number of messages.",
    "slipping": "Contact them now, the most valuable first: they are overdue by their own rhythm.",
    "lapsed": "Try one win-back offer and measure it against a hold-out before repeating it.",
    "returned": "Treat them as new: find out what brought them back and do more of it.",
    "prospect": "They never bought: make the first order easy, and stop after a few attempts.",
    "prospects": "They never bought: make the first order easy, and stop after a few attempts.",
}


def advice_for(name: str) -> str:
    """Return what is usually done about a group of this name; empty for a name that is not known."""
    return PLAYBOOK.get(" ".join(name.replace("_", " ").replace("’", "'").casefold().split()), "")
