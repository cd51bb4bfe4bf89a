"""Operators look people and gates up, and act at all gates."""
