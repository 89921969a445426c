"""Who is who: the numbers by which customers and profiles are known inside the warehouse.

A source's own id is never overwritten. Everything that counts (bitmaps, packed bits, sorted events) uses
`customer_no` and `profile_no`, which `numbers` gives in order and never twice.
"""
