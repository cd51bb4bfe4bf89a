"""What the product does: a folder for each feature, with the same file names in each."""
