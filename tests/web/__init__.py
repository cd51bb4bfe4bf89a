"""The pages and their streams."""
