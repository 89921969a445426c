"""Runs definitions of all kinds in dependency order: plan, scan, counting kernel, set algebra, commit.

A trait, a segmentation and a segment are evaluated at one moment over one population. Leaves on events are measured
in one pass per event name (`scan`, `kernel`); leaves on traits are compared as arrays (`compare`); groups are set
algebra on packed bits (`algebra`). Later stages register how their kinds are computed (`context`).
"""
