"""Clean rows become what is stored: customers, events, orders, changes of traits.

`load` is the way in. Everything a load does stands in one transaction: it is there whole or not at all.
"""
