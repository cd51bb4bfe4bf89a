"""What Callgate does, one thing a file. Each reads and writes the store and talks to nobody,
except the two that ask the gateway, outside any transaction."""
