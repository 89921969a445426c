"""Groups that the values of traits suggest: learned from a sample, kept as plain numbers, given to everybody."""
