"""One file a vendor: what is asked and what becomes of the answers; beside it the few functions a file cannot say."""
