"""Counts, and the charts and sentences that show them."""
