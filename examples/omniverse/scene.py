"""The stage itself: changes in, prims out. The one module that knows USD."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pxr import Gf, Sdf, Tf, Vt

from examples.omniverse.places import centre, colour, corner
from examples.omniverse.plan import CONTRACTS, Changes, Prim, World
from hub_client import ContractUpdate

FORMAT = 1
"""Of what is in customLayerData; another one is another program's."""
KEY = "hub"
FIELDS = ("contract_id", "location", "status", "timestamp")


class Scene:
    """One layer that belongs to the hub's events: a file's, or a sublayer of somebody's stage.

    Prims are written with Sdf, in one change block a frame: whoever looks at the stage is told
    once a frame, and sees all of it or nothing. The position is in the layer's customLayerData,
    written in the same block, so that the layer always says whose state it holds.
    """

    def __init__(self, layer: Any, path: Path | None = None) -> None:
        self.layer = layer
        self._path = path
        self._saved = path is not None and path.exists()
        if not layer.GetPrimAtPath(CONTRACTS):
            _begin(layer)

    @classmethod
    def open(cls, path: Path) -> "Scene":
        """Read a stage that was saved, or begin one.

        The layer is an anonymous copy: USD keeps one layer a path in a process, and would give
        us back what we had instead of what is on the disk.

        Raises:
            ValueError: The file is not one that `save` has written.
        """
        if path.suffix != ".usda":
            raise ValueError(f"expected a file that ends in .usda, got {path}")
        if not path.parent.is_dir():
            raise ValueError(f"expected a folder, found no folder {path.parent}")
        layer = Sdf.Layer.CreateAnonymous(path.name)
        if path.exists():
            _read(layer, path)
        return cls(layer, path)

    @property
    def position(self) -> str | None:
        """Up to where the hub's events are in the stage; None before the first."""
        said: str | None = self.layer.customLayerData.get(KEY, {}).get("position")
        return said

    def world(self) -> World:
        """Return what is in the stage.

        Raises:
            ValueError: Somebody else has changed it.
        """
        try:
            return World(_prims(self.layer))
        except (AttributeError, LookupError) as error:
            raise ValueError(f"expected contracts below {CONTRACTS}, found no {error}") from error

    def apply(self, changes: Changes) -> None:
        """Make the changes, in one change block."""
        if not changes:
            return
        with Sdf.ChangeBlock():
            for path in changes.removed:
                spec = self.layer.GetPrimAtPath(path)
                del spec.nameParent.nameChildren[spec.name]
            for prim in changes.placed:
                _place(self.layer, prim)
            if changes.position is not None:
                said = {"format": FORMAT, "position": changes.position}
                self.layer.customLayerData = {**self.layer.customLayerData, KEY: said}
        self._saved = False

    def save(self) -> bool:
        """Write the file whole or not at all; say whether there was something to write.

        Whoever opens it, and whoever is killed while writing, finds the old stage with its old
        position or the new one with its new.
        """
        if self._path is None or self._saved:
            return False
        new = self._path.with_name(f".{self._path.stem}.{os.getpid()}.usda")
        try:
            self.layer.Export(str(new))
            with new.open("rb") as file:
                os.fsync(file.fileno())
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)
        self._saved = True
        return True


def _read(layer: Any, path: Path) -> None:
    try:
        read = layer.Import(str(path))
    except Tf.ErrorException as error:
        raise ValueError(f"{path}: expected a stage of this program, got {error}") from None
    said = layer.customLayerData.get(KEY, {}) if read else {}
    if said.get("format") != FORMAT or not isinstance(said.get("position"), str):
        raise ValueError(f"{path}: expected a stage of this program, got another; it is left alone")


def _begin(layer: Any) -> None:
    with Sdf.ChangeBlock():
        for path in ("/World", CONTRACTS):
            _define(layer, path, "Xform")
        layer.defaultPrim = "World"
        layer.pseudoRoot.SetInfo("upAxis", "Z")
        layer.pseudoRoot.SetInfo("metersPerUnit", 1.0)


def _prims(layer: Any) -> Iterator[Prim]:
    for city in layer.GetPrimAtPath(CONTRACTS).nameChildren:
        for spec in city.nameChildren:
            words = [spec.attributes[f"hub:{name}"].default for name in FIELDS]
            slot = spec.attributes["hub:slot"].default
            if not (all(isinstance(word, str) for word in words) and isinstance(slot, int)):
                raise ValueError(f"{spec.path}: expected texts and a slot, found {words}, {slot}")
            prim = Prim(ContractUpdate(*words), slot)
            if prim.path != spec.path:
                raise ValueError(f"expected {prim.path}, found {spec.path}")
            yield prim


def _place(layer: Any, prim: Prim) -> None:
    contract = prim.contract
    if not layer.GetPrimAtPath(prim.city):
        city = _define(layer, prim.city, "Xform", contract.location)
        _put(city, "hub:location", Sdf.ValueTypeNames.String, contract.location)
        _move(city, centre(contract.location))
    spec = layer.GetPrimAtPath(prim.path)
    if not spec:
        spec = _define(layer, prim.path, "Cube", contract.contract_id)
        _put(spec, "hub:slot", Sdf.ValueTypeNames.Int, prim.slot)
        _move(spec, corner(prim.slot))
    for name in FIELDS:
        _put(spec, f"hub:{name}", Sdf.ValueTypeNames.String, getattr(contract, name))
    shown = Vt.Vec3fArray([Gf.Vec3f(*colour(contract.status))])
    _put(spec, "primvars:displayColor", Sdf.ValueTypeNames.Color3fArray, shown)


def _define(layer: Any, path: str, kind: str, name: str | None = None) -> Any:
    spec = Sdf.CreatePrimInLayer(layer, path)
    spec.specifier = Sdf.SpecifierDef
    spec.typeName = kind
    if name is not None:
        spec.SetInfo("displayName", name)  # what Kit's stage window shows
    return spec


def _put(spec: Any, name: str, kind: Any, value: object) -> None:
    attribute = spec.attributes.get(name) or Sdf.AttributeSpec(spec, name, kind)
    attribute.default = value


def _move(spec: Any, point: tuple[float, float, float]) -> None:
    _put(spec, "xformOp:translate", Sdf.ValueTypeNames.Double3, Gf.Vec3d(*point))
    order = spec.attributes.get("xformOpOrder") or Sdf.AttributeSpec(
        spec, "xformOpOrder", Sdf.ValueTypeNames.TokenArray, Sdf.VariabilityUniform
    )
    order.default = Vt.TokenArray(["xformOp:translate"])
