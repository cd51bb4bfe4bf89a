"""Looking after the installation: what goes wrong is noticed here."""
