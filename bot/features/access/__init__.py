"""Decides who gets in, and lets them in: grants, mutes, removals, deadlines."""
