"""Monitoring: what goes wrong in the installation."""
