"""REST: the route table, its resources, and the edge around them."""
