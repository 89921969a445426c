"""Groups that the data suggest, their number, their names, and the rules that say them."""
