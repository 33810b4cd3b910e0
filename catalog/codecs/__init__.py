"""From values to stored bytes and back, without running what a stranger wrote."""
