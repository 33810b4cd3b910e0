"""The working copy: a plain booklet file, and beside it what is known about the remote."""
