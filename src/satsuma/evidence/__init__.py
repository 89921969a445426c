"""Is a segment good, and what has changed: every number beside what random groups of the same size give."""
