"""Receiving webhooks: is it the hub that speaks, and what does it say."""
