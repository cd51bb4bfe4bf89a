"""A gate appears, is switched, checked and protected, moves, and goes."""
