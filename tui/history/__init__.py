"""The commits of a database: compared, gone back to, named."""
