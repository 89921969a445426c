"""Ways in from other services: one HTTP kernel, and a small file for each vendor that says how it is asked."""
