"""What is stored about a person: their file, its deletion, exports, retention."""
