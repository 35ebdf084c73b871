"""The log on PostgreSQL, for several machines."""
