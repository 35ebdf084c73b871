"""The same inside a Kit application: contracts in its stage, messages on its bus.

It begins when an extension's `extension.toml` names this module; `README.md` beside this file says
how, and what has to be installed for it.
"""

import time
from typing import Any

import carb
import carb.events
import omni.ext
import omni.kit.app
import omni.usd
from pxr import Sdf

from examples.omniverse.kit import message
from examples.omniverse.live import LiveStage, Reader, follow
from examples.omniverse.pace import ServerClock, behind
from examples.omniverse.scene import Scene
from hub_client import HubError, MCPClient

BEHIND_S = 0.1
"""Shown so late, so that what the network delays is shown in its time."""


class HubContracts(omni.ext.IExt):  # type: ignore[misc]
    """Contracts live below /World/Contracts, in a layer of their own that is never saved.

    Whatever is shown is pushed to the application's message bus too, as `event_type` and
    `payload`; `omni.kit.livestream.messaging.register_event_type_to_send("contract_update")`
    hands it on to the web page.
    """

    def on_startup(self, _ext_id: str) -> None:
        """Begin; Kit calls it. The address and the token are HUB_URL and HUB_TOKEN."""
        self._layer: Any = Sdf.Layer.CreateAnonymous("hub.usda")
        self._stage: Any = None
        self._live = LiveStage(Scene(self._layer))
        self._clock = ServerClock()
        self._client = MCPClient()
        self._reader: Reader | None = follow(self._client, self._live)
        app = omni.kit.app.get_app()
        self._bus = app.get_message_bus_event_stream()
        # It lasts as long as somebody keeps it.
        self._frames = app.get_update_event_stream().create_subscription_to_pop(
            self._on_frame, name="hub.contracts"
        )

    def on_shutdown(self) -> None:
        """End; Kit calls it. The contracts leave the stage."""
        self._frames = None
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        self._client.close()
        self._move_to(None)

    def _on_frame(self, _event: object) -> None:
        self._move_to(omni.usd.get_context().get_stage())
        if self._reader is None:
            return
        try:
            for event, arrived_s in self._reader.take():
                self._clock.note(event, arrived_s)
                self._live.add(event)
        except HubError as error:
            carb.log_error(f"hub: {error} ({error.help})")
            self._reader.stop()
            self._reader = None
        for event in self._live.process_up_to(behind(self._clock.now(time.monotonic()), BEHIND_S)):
            said = message(event)
            kind = carb.events.type_from_string(said["event_type"])
            self._bus.push(kind, payload=said["payload"])

    def _move_to(self, stage: Any) -> None:
        """Be a sublayer of the stage that is open; somebody may have opened another."""
        if stage == self._stage:
            return
        if self._stage:
            self._stage.GetSessionLayer().subLayerPaths.remove(self._layer.identifier)
        if stage:
            stage.GetSessionLayer().subLayerPaths.append(self._layer.identifier)
        self._stage = stage
