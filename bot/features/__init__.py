"""The features of the product: a folder for each, with the same file names in each."""
