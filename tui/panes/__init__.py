"""The tabs of a database: each reads what it shows, through jobs, and draws it with widgets."""
