"""Managing a catalog: what is asked in forms, what is said before something is done, and the library calls that do it."""
