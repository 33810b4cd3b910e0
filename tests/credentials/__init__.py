"""Tests of `catalog.credentials`, on a real Secret Service where one can show the behaviour."""
