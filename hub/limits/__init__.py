"""Limits: how much may come at a time, told apart by who sends it.

* `bucket`   the rule: one token bucket as one time
* `base`     what a place of many buckets promises
* `memory`   this node's buckets; they alone decide
* `sharing`  what all nodes have spent together, a moment later
* `limit`    one limit: a pace, its buckets, and who was refused
* `gate`     the limits of requests, publishes and commands
"""
