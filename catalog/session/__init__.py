"""What one opening consists of: how its keys are found, listed and described."""
