"""What differs between a copy and its remote: seen, pushed, pulled, discarded and settled."""
