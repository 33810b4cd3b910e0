"""Questions and explanations over the screen; each returns what the user answered."""
