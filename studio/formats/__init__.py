"""The shelf of dataset layouts: one file here, or one entry in presets/layouts.toml, is one layout.

A file on the shelf has a `FORMAT` that keeps the `Format` protocol of formats/layout.py. Files
are read by formats/read.py; formats/detect.py finds the layout by looking at rows.
"""
