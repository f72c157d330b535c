"""The shelf of export targets: one file here is one, with an `EXPORT` as target.py wants it."""
