"""The rules, feature by feature, on a real store."""
