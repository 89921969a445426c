"""How far two groups of customers differ, from sums alone, for many groups and traits at once.

    moments     counts, means and spreads that can be added, and taken away again
    sizes       shares and means of two groups: effect size, interval and test; corrected p values
    ranks       two groups by rank, for numbers with long tails
    log_odds    words and categories, rare ones held back by a prior
    separation  how much of a trait many groups take up together: by mean, by rank, by category
    homogeneity how alike members are beside everybody
    random_groups  what groups drawn by chance would show
    agreement   whether two groupings are the same, and one with itself on rows drawn again
    skewed_means   the interval of a mean with a long tail
    modes       whether values heap up in two places

Functions take arrays that broadcast against each other and answer in their common shape. What cannot be
estimated (nobody in a group, no spread) is NaN, in the p value too.
"""
