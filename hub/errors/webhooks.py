"""Errors of webhooks: what cannot be sent where somebody wants it sent."""

from hub.errors.base import HubError


class WebhookUrlRefused(HubError):
    """The URL of an endpoint is none, or leads where webhooks do not go (CWE-918)."""

    code, status = "webhook_url_refused", 422


class WebhookKeyRefused(HubError):
    """The encryption key of an endpoint is none that is safe to encrypt with."""

    code, status = "webhook_key_refused", 422
