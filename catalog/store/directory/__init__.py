"""The store that is a folder."""
