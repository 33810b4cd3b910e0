"""Bringing files into a database and writing a database into files: CSV, JSON lines, Parquet, and folders of files."""
