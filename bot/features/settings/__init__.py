"""The settings of a gate: changing, reading, describing and exporting them."""
