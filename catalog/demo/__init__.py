"""A catalog of real public-domain data to try everything on, without an account, a server or a question."""
