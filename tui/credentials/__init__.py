"""Which keys sign requests, and where they may."""
