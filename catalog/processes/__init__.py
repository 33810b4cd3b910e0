"""The processes of one machine: the locks that keep them apart, and what a forked child gets of its parent."""
