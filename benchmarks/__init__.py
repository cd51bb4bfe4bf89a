"""Measurements: `python -m benchmarks.joins`."""
