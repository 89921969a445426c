"""The segment language: what definitions mean.

A trait maps each customer to a value, a segment to yes or no, a segmentation to one label. Definitions are read from
files (`definitions`), checked against the catalogue (`checker`), and asked three questions: what do they read
(`leaves`), what do they say in words (`explain`), and what do they hold for (`operators`, `evaluation`).
"""
