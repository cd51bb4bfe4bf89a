"""Back-ups from inside the process."""
