"""Groups: databases whose values describe connections to other databases, and never hold a secret."""
