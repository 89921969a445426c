"""The HTTP door: parse, call the workspace, show the answer. Nothing here computes."""
