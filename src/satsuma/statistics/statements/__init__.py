"""Statements about groups of customers that have to pass tests before anybody reads them.

Many things are known of each customer, and in enough of them any group differs by luck. A statement counts only if it
is found on one half of the customers, corrected for all statements that were tried on all groups, is of a size worth
saying, and holds on the other half too.

    questions   what may be said: shares of customers, shares within what each does, amounts
    tallies     the sums behind every statement, for all groups and both halves at once
    testing     effect sizes, correction, the other half, and groups too small to speak of
    choosing    which of those that passed are said
"""
