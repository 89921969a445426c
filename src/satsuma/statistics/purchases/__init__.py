"""What customers will buy who are free to leave without saying so: purchase models, spend and lifetime value.

All begin with `summary.PurchaseSummary`, which counts customers of the same history once. The models:

* `bg_nbd`, `mbg_nbd`, `pareto_nbd`: purchases at any time, customers leave unseen; `covariates` for the first and last.
* `bg_bb`: purchases only at given occasions, at most one at each.
* `gamma_gamma`: what a purchase brings. `clv`: both together.
* `renewals`: contracts, where leaving is seen.

BG/NBD cannot say that a customer without a repeat purchase has left: P(alive) is 1 by construction. Where P(alive)
names a segment, take MBG/NBD or Pareto/NBD.
"""
