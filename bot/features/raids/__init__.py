"""Detects raids, alerts admins, and ends them."""
