"""Pure functions on arrays: scores, quantiles, rhythms, preferences, concentration. Imports nothing from Satsuma."""
