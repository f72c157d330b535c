"""The parts of the Live run page."""
