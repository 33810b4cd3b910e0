"""What this session has done and asked, and with which settings."""
