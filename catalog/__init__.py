"""Key/value databases that stay in step with S3."""
