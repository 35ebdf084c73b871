"""How the hub is reached: decode, one call of a service, encode, translate errors."""
