"""The operators of this installation, and their notifications."""
