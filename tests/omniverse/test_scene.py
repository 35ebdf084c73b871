"""The stage: what USD reads of it, whole files, one notice a frame."""

import re
from pathlib import Path

import pytest
from pxr import Gf, Sdf, Tf, Usd, UsdGeom

from examples.omniverse.live import LiveStage
from examples.omniverse.places import centre, colour, corner
from examples.omniverse.scene import Scene
from support.contract_events import contract, snapshot, update


def saved(path: Path, *events: object) -> LiveStage:
    """Return a stage that shows these events and is on the disk."""
    live = LiveStage(Scene.open(path))
    for event in events:
        live.add(event)  # type: ignore[arg-type]
    live.process_up_to()
    live.scene.save()
    return live


def test_usd_reads_what_was_written(tmp_path: Path) -> None:
    """A contract is a cube with its fields, its colour and its place; the names can be read."""
    path = tmp_path / "contracts.usda"
    saved(path, update(1, "c-1"), update(2, "c-2", "Chennai", "inactive"))

    stage = Usd.Stage.Open(Sdf.Layer.OpenAsAnonymous(str(path)))
    cube = UsdGeom.Cube(stage.GetPrimAtPath("/World/Contracts/Chennai/c_2d2"))

    assert stage.GetDefaultPrim().GetPath() == "/World"
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert cube.GetPrim().GetAttribute("hub:status").Get() == "inactive"
    assert cube.GetPrim().GetAttribute("hub:contract_id").Get() == "c-2"
    assert cube.GetPrim().GetDisplayName() == "c-2"
    assert [tuple(one) for one in cube.GetDisplayColorAttr().Get()] == [
        pytest.approx(colour("inactive"))
    ]
    place = Gf.Vec3d(*centre("Chennai")) + Gf.Vec3d(*corner(0))
    world = UsdGeom.Xformable(cube).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
    assert world.ExtractTranslation() == place
    assert stage.GetRootLayer().customLayerData["hub"] == {"format": 1, "position": "e:2"}


def test_a_frame_is_one_change(tmp_path: Path) -> None:
    """Whoever looks at the stage is told once, and sees prims and position together."""
    live = LiveStage(Scene.open(tmp_path / "contracts.usda"))
    stage = Usd.Stage.Open(live.scene.layer)
    seen: list[tuple[int, str | None]] = []

    def look(*_: object) -> None:
        prims = [prim for prim in stage.Traverse() if prim.GetTypeName() == "Cube"]
        seen.append((len(prims), live.scene.position))

    listening = Tf.Notice.Register(Usd.Notice.ObjectsChanged, look, stage)
    for number in range(1, 51):
        live.add(update(number, f"c-{number}", ("Chennai", "Mumbai")[number % 2]))
    live.process_up_to()
    live.add(snapshot(60, contract("c-1"), contract("new")))
    live.process_up_to()
    live.process_up_to()
    listening.Revoke()

    assert seen == [(50, "e:50"), (2, "e:60")]


def test_a_saved_stage_goes_on_where_it_was(tmp_path: Path) -> None:
    """Prims, places and position are those of before; nothing new is nothing to write."""
    path = tmp_path / "contracts.usda"
    before = saved(path, update(1, "a"), update(2, "b"), update(3, "a", "Chennai"))

    live = LiveStage(Scene.open(path))

    assert (live.position, len(live)) == ("e:3", 2)
    assert live.scene.layer.ExportToString() == before.scene.layer.ExportToString()
    assert not live.scene.save()
    assert live.scene.world().take([update(4, "c")]).placed[0].slot == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\"b'c", id="quotes"),
        pytest.param('"""', id="three quotes"),
        pytest.param("a\\n\\", id="backslashes"),
        pytest.param("a\nb\r\tc", id="lines"),
        pytest.param("\x01\x1b[31m\x7f", id="control characters"),
        pytest.param("@x@ <#y> {z}", id="signs of usda"),
        pytest.param("ü漢\U0001f600", id="letters of the world"),
        pytest.param("\U0001f600" * 256, id="the longest"),
    ],
)
def test_any_id_survives_the_file(tmp_path: Path, name: str) -> None:
    """What the hub takes for an id comes back from the disk to the letter."""
    path = tmp_path / "contracts.usda"
    saved(path, update(1, name), update(2, "b", status=name))

    live = LiveStage(Scene.open(path))

    found = {prim.contract.contract_id: prim.contract.status for prim in live.scene.world()}
    assert found == {name: "active", "b": name}


def test_a_failed_write_leaves_the_old_stage(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = tmp_path / "contracts.usda"
    live = saved(path, update(1, "a"))
    old = path.read_text()
    live.add(update(2, "b"))
    live.process_up_to()

    class Full:
        """A layer on a disk without room."""

        def Export(self, name: str) -> None:  # noqa: N802 USD's word
            Path(name).write_text("#usda 1.0\n(")
            raise OSError("No space left on device")

    live.scene.layer = Full()
    with pytest.raises(OSError, match="No space"):
        live.scene.save()

    assert path.read_text() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "a stage of this program", id="empty"),
        pytest.param("hello", "a stage of this program", id="no usd"),
        pytest.param('#usda 1.0\ndef Xform "Mine" {}\n', "got another", id="somebody's scene"),
        pytest.param(
            "#usda 1.0\n(customLayerData = { dictionary hub = { int format = 9 } })\n",
            "got another",
            id="a later version's",
        ),
    ],
)
def test_a_file_of_others_is_left_alone(tmp_path: Path, text: str, said: str) -> None:
    """Nobody loses a scene by giving its name."""
    path = tmp_path / "scene.usda"
    path.write_text(text)

    with pytest.raises(ValueError, match=said):
        Scene.open(path)

    assert path.read_text() == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('hub:contract_id = "a"', 'hub:contract_id = "z"', id="an id"),
        pytest.param("int hub:slot = 0", "", id="a slot"),
        pytest.param('def Xform "Mumbai"', 'def Xform "Pune"', id="a city"),
    ],
)
def test_a_stage_that_somebody_changed_is_said_to_be_so(tmp_path: Path, old: str, new: str) -> None:
    """It would be followed wrongly without a word."""
    path = tmp_path / "contracts.usda"
    saved(path, update(1, "a"))
    text = re.sub(rf"\n *(custom )?{re.escape(old)}", f"\n{new}", path.read_text())
    path.write_text(path.read_text().replace(old, new) if new else text)

    with pytest.raises(ValueError, match="expected"):
        LiveStage(Scene.open(path))


def test_only_a_text_stage_is_kept(tmp_path: Path) -> None:
    """`.usd` may be binary, and is written by other rules."""
    with pytest.raises(ValueError, match=r"ends in \.usda"):
        Scene.open(tmp_path / "contracts.usd")
