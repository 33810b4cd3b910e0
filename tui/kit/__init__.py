"""The pieces that screens are made of: they draw, and know no database."""
