"""The domain in plain values and rules. Standard library only; talks to nobody."""
