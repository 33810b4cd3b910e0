"""Stores of objects: S3, a plain web address, a folder."""
