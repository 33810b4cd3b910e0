"""The main screen: what is chosen, and how all of it stands."""
