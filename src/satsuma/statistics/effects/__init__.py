"""How far two groups of customers differ, from sums alone, for many groups and traits at once.

    moments     counts, means and spreads that can be added, and taken away again
    sizes       shares and means of two groups: effect size, interval and test; corrected p values
    ranks       two groups by rank, for numbers with long tails
    log_odds    words and categories, rare ones held back by a prior

Every function takes arrays that broadcast against each other and answers in their common shape. What cannot be
estimated (nobody in a group, no spread) is NaN, in the p value too.
"""
