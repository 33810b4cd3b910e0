"""Format 101, beside the one in use until the switch."""
