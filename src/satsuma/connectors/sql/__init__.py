"""SQL databases as sources: streams of tables and queries, read in one transaction that can change nothing."""
