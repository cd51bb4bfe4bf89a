"""The use cases: what Callgate does, one file for each. Each reads and writes the store and makes no network call,
except the two that ask the gateway, outside any transaction."""
