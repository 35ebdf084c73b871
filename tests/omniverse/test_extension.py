"""The Kit extension, on a stage of USD and stand-ins for what Kit documents."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest
from pxr import Usd

from support.running import CONTRACT, RunningHub
from support.waiting import until

PATH = "/World/Contracts/Mumbai/c_2d1"
NAME = "examples.omniverse.extension"


class Kit:
    """An application with a stage, frames and a message bus."""

    def __init__(self) -> None:
        self.stage: Any = Usd.Stage.CreateInMemory()
        self.frames: list[Callable[[object], None]] = []
        self.pushed: list[tuple[str, dict[str, Any]]] = []
        self.errors: list[str] = []

    def get_app(self) -> "Kit":
        """`omni.kit.app.get_app`, and the object itself."""
        return self

    def get_context(self) -> "Kit":
        """`omni.usd.get_context`."""
        return self

    def get_stage(self) -> Any:
        """Of the context."""
        return self.stage

    def get_message_bus_event_stream(self) -> "Kit":
        """Of the application."""
        return self

    def get_update_event_stream(self) -> "Kit":
        """Of the application."""
        return self

    def create_subscription_to_pop(self, called: Callable[[object], None], *, name: str) -> object:
        """Of the stream of frames."""
        assert name
        self.frames.append(called)
        return self

    def push(self, kind: str, payload: dict[str, Any]) -> None:
        """Of the bus."""
        self.pushed.append((kind, payload))

    def frame(self) -> None:
        """Show one."""
        for called in self.frames:
            called(None)

    async def show_until(self, is_so: Callable[[], bool]) -> None:
        """Show frames until it is so."""

        def shown() -> bool:
            self.frame()
            return is_so()

        await until(shown)


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """Stand in for Kit; its modules are there for the length of a test."""
    application = Kit()
    names = ("carb", "carb.events", "omni", "omni.ext", "omni.kit", "omni.kit.app", "omni.usd")
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    modules["carb"].log_error = application.errors.append
    modules["carb.events"].type_from_string = str
    modules["omni.ext"].IExt = object
    modules["omni.kit.app"].get_app = application.get_app
    modules["omni.usd"].get_context = application.get_context
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    yield application
    sys.modules.pop(NAME, None)


async def test_the_stage_and_the_bus_follow_the_hub(
    hub: RunningHub, http: httpx.AsyncClient, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever stage is open; at the end the stage is as it was."""
    monkeypatch.setenv("HUB_URL", hub.url)
    await http.post("/update", json=CONTRACT)
    extension = importlib.import_module(NAME).HubContracts()
    extension.on_startup("hub.contracts-1")
    first = kit.stage

    await kit.show_until(lambda: bool(first.GetPrimAtPath(PATH)))
    kit.stage = Usd.Stage.CreateInMemory()
    await http.post("/update", json={**CONTRACT, "status": "inactive"})
    await kit.show_until(lambda: bool(len(kit.pushed) > 1))
    shown = kit.stage.GetPrimAtPath(PATH).GetAttribute("hub:status").Get()
    extension.on_shutdown()

    assert [kind for kind, _ in kit.pushed] == ["snapshot", "contract_update"]
    assert kit.pushed[1][1].items() >= {**CONTRACT, "status": "inactive", "prim": PATH}.items()
    assert shown == "inactive"
    assert not first.GetPrimAtPath(PATH)
    assert not kit.stage.GetPrimAtPath(PATH)
    assert (kit.stage.GetRootLayer().empty, kit.errors) == (True, [])


async def test_a_refusal_is_said_once(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, hub: RunningHub
) -> None:
    """Not once a frame."""
    monkeypatch.setenv("HUB_URL", f"{hub.url}/elsewhere")
    extension = importlib.import_module(NAME).HubContracts()
    extension.on_startup("hub.contracts-1")

    await kit.show_until(lambda: bool(kit.errors))
    kit.frame()
    extension.on_shutdown()

    assert len(kit.errors) == 1
    assert kit.errors[0].startswith("hub: ")
