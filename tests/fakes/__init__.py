"""Servers on this computer that stand in for vendors, and misbehave on demand."""
