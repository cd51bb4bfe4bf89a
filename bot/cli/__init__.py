"""The commands of `python -m bot` besides running it."""
