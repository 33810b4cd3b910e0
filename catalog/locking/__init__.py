"""How writers of one remote are kept apart: lease, election, and what a store makes of conditions."""
