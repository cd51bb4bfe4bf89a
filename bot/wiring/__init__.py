"""Builds all parts once, and connects them."""
