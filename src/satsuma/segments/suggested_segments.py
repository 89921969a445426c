"""The segments that are offered ready-made, in an order in which each comes after those it refers to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A definition with what it needs: events and traits of the catalogue, and other offers by name."""

    path: str
    text: str
    reason: str
    events: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    segmentations: tuple[str, ...] = ()


def _offer(
    text: str, reason: str, *, events: str = "", traits: str = "", segments: str = "", segmentations: str = ""
) -> Offer:
    text = text.strip() + "\n"
    name = text.split("\n", 1)[0].removeprefix("segment: ")
    return Offer(
        path=f"segments/{name}.yaml",
        text=text,
        reason=reason,
        events=tuple(item for item in events.split(", ") if item),
        traits=tuple(traits.split()),
        segments=tuple(segments.split()),
        segmentations=tuple(segmentations.split()),
    )


SEGMENTS: tuple[Offer, ...] = (
    _offer(
        """
segment: buyers
title: Buyers
description: Everybody who ever completed an order.
# `did` asks for at least one such event. Other segments measure themselves against this one.
where: {did: Order Completed}
""",
        "There are orders; most comparisons are among those who bought.",
        events="Order Completed",
    ),
    _offer(
        """
segment: new_customers
title: New customers
description: Their first order was in the last 30 days.
# `first_time` looks for the first event in all history, then asks when it was.
where: {did: Order Completed, first_time: true, within: 30d}
""",
        "A second order is decided in the first weeks.",
        events="Order Completed",
    ),
    _offer(
        """
segment: first_time_buyers
title: First-time buyers
description: One order so far.
where: {trait: orders, eq: 1}
""",
        "The step from one order to two is the largest.",
        traits="orders",
    ),
    _offer(
        """
segment: repeat_buyers
title: Repeat buyers
description: Two orders or more.
where: {trait: orders, gte: 2}
""",
        "They chose to come back; all others can be measured against them.",
        traits="orders",
    ),
    _offer(
        """
segment: regulars
title: Regulars
description: Orders in at least six different months.
where: {trait: active_months, gte: 6}
""",
        "Months with an order show a habit better than the number of orders does.",
        traits="active_months",
    ),
    _offer(
        """
segment: big_spenders
title: Big spenders
description: The best 20 % of buyers by net revenue.
# A rank is taken within a population; who has the same revenue as the last one in is in, too.
where: {rank: revenue, top: 20%, among: {segment: buyers}, ties: include}
""",
        "A fifth of the buyers brings most of the revenue.",
        traits="revenue",
        segments="buyers",
    ),
    _offer(
        """
segment: big_baskets
title: Big baskets
description: Repeat buyers whose average order is among the highest 20 %.
where: {rank: average_basket, top: 20%, among: {segment: repeat_buyers}}
""",
        "They buy much at once: a reason to come more often is worth most here.",
        traits="average_basket",
        segments="repeat_buyers",
    ),
    _offer(
        """
segment: at_risk_loyal_buyers
title: At-risk loyal buyers
description: Regular buyers who went quiet.
where:
  all:
    # Three orders or more between a year and 60 days ago ...
    - did: Order Completed
      count: {gte: 3}
      between: {from: 365d, to: 60d}
    # ... and none since.
    - {not_did: Order Completed, within: 60d}
""",
        "They bought regularly and stopped: there is still time to ask why.",
        events="Order Completed",
    ),
    _offer(
        """
segment: lapsed_buyers
title: Lapsed buyers
description: They bought once, and not in the last 180 days.
where:
  all:
    - {did: Order Completed}
    - {not_did: Order Completed, within: 180d}
""",
        "Win-back messages go to them, and regular ones should not.",
        events="Order Completed",
    ),
    _offer(
        """
segment: prospects
title: Prospects
description: Known customers who never bought.
# `not_did` holds for everybody without the event.
where: {not_did: Order Completed}
""",
        "Who is known and never bought needs another message than a customer.",
        events="Order Completed",
    ),
    _offer(
        """
segment: refunders
title: Refunders
description: They gave something back in the last year.
where: {did: Order Refunded, within: 365d}
""",
        "There are refunds; a reason to look closer before sending more.",
        events="Order Refunded",
    ),
    _offer(
        """
segment: frequent_returners
title: Frequent returners
description: At least a quarter of what they bought went back.
where:
  all:
    - {trait: orders, gte: 2}
    - {trait: return_share, gte: 0.25}
""",
        "A large share of returns costs more than the revenue shows.",
        traits="orders return_share",
    ),
    _offer(
        """
segment: one_category_buyers
title: One-category buyers
description: Repeat buyers who never left one category.
where:
  all:
    - {in_segment: repeat_buyers}
    - {trait: distinct_categories, eq: 1}
""",
        "Products have categories: who knows one only may like a second.",
        traits="distinct_categories",
        segments="repeat_buyers",
    ),
    _offer(
        """
segment: explorers
title: Explorers
description: Among the 20 % of buyers with the most different categories.
where: {rank: distinct_categories, top: 20%, among: {segment: buyers}}
""",
        "Products have categories: who tries many is the first to show new things to.",
        traits="distinct_categories",
        segments="buyers",
    ),
    _offer(
        """
segment: bargain_hunters
title: Bargain hunters
description: Among the 20 % of repeat buyers with the largest share of discounts.
where:
  all:
    - {rank: discount_share, top: 20%, among: {segment: repeat_buyers}}
    # Where most never had a discount, all of them are tied.
    - {trait: discount_share, gt: 0}
""",
        "Lines have discounts: some customers come for them.",
        traits="discount_share",
        segments="repeat_buyers",
    ),
    _offer(
        """
segment: champions
title: Champions
description: They bought lately and often.
# A segment may be one label of a segmentation, or several: in: [Champions, Loyal].
where: {segmentation: rfm, is: Champions}
""",
        "The best cell of the RFM grid.",
        segmentations="rfm",
    ),
    _offer(
        """
segment: slipping_big_spenders
title: Slipping big spenders
description: Big spenders who are overdue by their own rhythm.
where:
  all:
    - {in_segment: big_spenders}
    - {segmentation: lifecycle, is: Slipping}
""",
        "The most valuable customers whom a message can still reach in time.",
        segments="big_spenders",
        segmentations="lifecycle",
    ),
    _offer(
        """
segment: won_back
title: Won back
description: They returned with their last order after a long silence.
where: {segmentation: lifecycle, is: Returned}
""",
        "What brought them back is worth knowing.",
        segmentations="lifecycle",
    ),
    _offer(
        """
segment: random_tenth
title: A random tenth
description: One customer in ten, always the same ones; a yardstick for everything else.
# Another salt draws other customers.
where: {random: {percent: 10, salt: yardstick}}
""",
        "A random group shows how much of a difference is luck.",
        events="Order Completed",
    ),
)
