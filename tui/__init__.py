"""The terminal program: groups, databases, their values and their differences on one screen."""
