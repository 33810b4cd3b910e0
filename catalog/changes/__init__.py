"""Differences between a working copy and its remote, and the verbs that settle them."""
