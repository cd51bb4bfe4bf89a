"""Watches the installation, and tells operators what is wrong and what to do."""
