"""One self-contained HTML page that a marketer reads and anybody can open offline.

`contents` holds what is shown, `format` says numbers alike everywhere, `render` writes the page, `picture` a drawing
of it for a README. Nothing here reads a workspace or a clock.
"""
