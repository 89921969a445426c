"""Webhooks in: what vendors send by themselves, verified over the raw bytes before anything reads them."""
