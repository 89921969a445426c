"""Short texts that people wrote: their words, language, topics and sentiment, without a network."""
