"""A simulated hub: real nodes of the realtime half, all around them faked, by one seed."""
