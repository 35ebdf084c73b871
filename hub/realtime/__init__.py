"""This node's live clients: who listens, where each stands, what is written to them.

Knows no web framework: a transport brings a `Sink`, frames go out as bytes.
"""
