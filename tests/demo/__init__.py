"""Tests of `catalog.demo`, on its real data."""
