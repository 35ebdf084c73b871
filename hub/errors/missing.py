"""Errors of what is not there, or not for who asks."""

from hub.errors.base import HubError


class NotFound(HubError):
    """Nothing is at this address."""

    code, status = "not_found", 404


class JobNotFound(NotFound):
    """No such job (seed 0)."""

    code = "E_JOB_NOT_FOUND"


class ArtifactNotFound(NotFound):
    """The job has no such artifact, or only its label."""

    code = "artifact_not_found"


class ChannelNotFound(NotFound):
    """No such channel."""

    code = "channel_not_found"


class TokenNotFound(NotFound):
    """No API key has this id."""

    code = "token_not_found"


class RevocationNotFound(NotFound):
    """The credential is not refused, so nothing can be lifted."""

    code = "revocation_not_found"


class EventNotFound(NotFound):
    """The log holds no such event."""

    code = "event_not_found"


class WebhookNotFound(NotFound):
    """No endpoint or callback has this id, for who asks."""

    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    """No delivery has this id, for who asks."""

    code = "delivery_not_found"


class ReplayNotFound(NotFound):
    """No replay has this id, for who asks."""

    code = "replay_not_found"


class ConnectionNotFound(NotFound):
    """No client is connected under this id, to any node."""

    code = "connection_not_found"
