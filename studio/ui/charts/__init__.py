"""Charts: the tracks of a live run, comparisons of runs, and small lines beside numbers."""
