"""The keys of a database, and the value of one of them."""
