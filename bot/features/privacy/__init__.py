"""The data stored about a person: their file, deletion, exports, retention."""
