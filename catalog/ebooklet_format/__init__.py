"""The remotes, groups and local files that ebooklet 0.5 to 0.11 write (formats 1, 2 and 3): understood from their bytes."""
