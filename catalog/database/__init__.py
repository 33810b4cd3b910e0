"""Databases: the mapping that users hold, its history, and how one is opened."""
