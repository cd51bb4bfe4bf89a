"""`python -m tests.fuzz`: hostile requests of every kind at a real process, and true calls in between."""
