"""The log and the rows beside it: ports in `base`, adapters beside it. SQL and mapping only."""
