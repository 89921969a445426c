"""Predictions that are tested against what a marketer would do without them.

A prediction is fitted on snapshots: what was known of each customer at a cut-off, and what happened in the window
after it. It is judged on a later snapshot, against the base rate, single rules and whatever else the caller gives, and
is worth using only where it beats the best of them by more than chance explains.

    scores       how good predictions are, each number with its interval where theory has one
    deciles      lift, gain and rate by tenth, with intervals that hold together
    comparison   one prediction against others on the same customers
    calibration  predictions that mean what they say
    encoding     features as columns of numbers
    trees        boosted trees as plain arrays, and their scores
    candidates   what is fitted
    card         what is said of a fit on the later snapshot
    fit          from snapshots to the chosen model and its card
    drift        whether inputs and calibration have moved since
"""
