"""Texts in the reader's language, and how numbers, times and names are written in it."""
