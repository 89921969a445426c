"""Who is in: the methods of segmentations, the store of memberships, changes with their causes, and their views."""
