"""Handlers for updates, the gateway's callback and page views. Each calls one rule of a feature."""
