"""Files in: reading, encodings, dialects, recognising columns, mappings."""
