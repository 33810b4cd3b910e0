"""Groups and their databases: found, made, described, moved, removed."""
