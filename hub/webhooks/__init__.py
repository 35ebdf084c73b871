"""Webhooks: endpoints and signing, the dispatcher that makes deliveries, workers that send them."""
