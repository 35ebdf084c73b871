"""The manifests: what Kubernetes takes, and what the hub needs of it."""

from pathlib import Path
from typing import Any, NamedTuple

import httpx
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from hub.cli.stop import GRACE_S
from hub.settings import load
from support.deploy_files import DEPLOY, KNOWN, manifests
from support.running import hub_process

FILES = sorted(path.name for path in (DEPLOY / "kubernetes").glob("*.yaml"))
# The oldest that is in use, and the newest that there are schemas of.
VERSIONS = ("1.30", kubernetes_validate.latest_version())
IMAGE = {"DATABASE_URL": "sqlite:////data/hub.db", "HUB_ARTIFACTS_DIR": "/data/artifacts"}
# What README and nodes.yaml tell to put into the secret.
SECRETS = {
    "database-url": "postgresql://hub:secret@postgres/hub?sslmode=verify-full",
    "redis-url": "rediss://:secret@redis:6379/0",
    "webhook-keys": "k1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
    "jwt-secret": "8Jx2vQ0mR5tY7uI9oP3aS6dF1gH4jK8lZ0xC5vB2",
    "audit-key": "Zq3wE6rT9yU2iO5pA8sD1fG4hJ7kL0zX3cV6bN9m",
}
# What a Service called hub puts into every pod, unless it is told not to.
LINKS = {"HUB_PORT": "tcp://10.0.0.7:80", "HUB_SERVICE_HOST": "10.0.0.7", "HUB_SERVICE_PORT": "80"}


class Case(NamedTuple):
    """What runs pods: its file, its kind, what it says, and what it says of a pod."""

    name: str
    kind: str
    spec: dict[str, Any]

    @property
    def pod(self) -> dict[str, Any]:
        """Return what it says of a pod."""
        found: dict[str, Any] = self.spec["template"]["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        """Return the one container of a pod."""
        (found,) = self.pod["containers"]
        return dict(found)


CASES = [
    Case(name, one["kind"], one["spec"])
    for name in FILES
    for one in manifests(name)
    if "template" in one.get("spec", {})
]
EACH = pytest.mark.parametrize("case", CASES, ids=[f"{case.name} {case.kind}" for case in CASES])


def of(name: str) -> Case:
    """Return what runs the pods of a file."""
    (case,) = (case for case in CASES if case.name == name)
    return case


def environment(case: Case) -> dict[str, str]:
    """Return what a container finds, with what the image sets."""
    found = dict(IMAGE)
    for source in case.container.get("envFrom", ()):
        (config,) = (
            one
            for one in manifests(case.name)
            if (one["kind"], one["metadata"].get("name"))
            == ("ConfigMap", source["configMapRef"]["name"])
        )
        found |= config["data"]
    for one in case.container.get("env", ()):
        secret = one.get("valueFrom", {}).get("secretKeyRef", {})
        found[one["name"]] = one["value"] if "value" in one else SECRETS[secret["key"]]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FILES)
def test_kubernetes_takes_it(name: str, version: str) -> None:
    """By the schemas of Kubernetes, with no field that it does not know."""
    for one in manifests(name):
        kubernetes_validate.validate(one, version, strict=True)


@EACH
def test_the_hub_takes_its_settings(case: Case) -> None:
    """By its own loader, without a warning, also where somebody forgets to turn links off."""
    found = environment(case)

    settings, warnings = load(found | LINKS)

    assert set(found) <= KNOWN
    assert warnings == []
    assert settings.port == 8000
    assert case.pod["enableServiceLinks"] is False
    assert not [one["name"] for one in case.container["env"] if is_bare_secret(one)]


def is_bare_secret(variable: dict[str, Any]) -> bool:
    """Say whether what should be in a Secret stands in the manifest."""
    words = ("KEY", "SECRET", "PASSWORD", "TOKEN")
    return "value" in variable and any(word in variable["name"] for word in words)


@EACH
def test_a_pod_has_no_rights_that_it_does_not_need(case: Case) -> None:
    """Not root, the image's own user, nothing to write but its data, no word with the cluster."""
    safe, inner = case.pod["securityContext"], case.container["securityContext"]
    dockerfile = (DEPLOY.parents[1] / "Dockerfile").read_text()

    assert safe["runAsNonRoot"] is True
    assert f"--uid {safe['runAsUser']}" in dockerfile
    assert safe["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert case.pod["automountServiceAccountToken"] is False
    assert "memory" in case.container["resources"]["limits"]


@pytest.mark.parametrize(
    ("name", "ready"),
    [
        pytest.param("one.yaml", "/ready", id="one"),
        pytest.param("nodes.yaml", "/ready?degraded=ok", id="nodes"),
    ],
)
def test_probes_ask_what_they_should(name: str, ready: str) -> None:
    """Alive is not ready: who restarts a hub because its database is away makes it worse."""
    case, container = of(name), of(name).container
    paths = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "liveness", "readiness")
    }
    found = environment(case)
    settings, _ = load(found)
    pause_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    assert paths == {"startup": "/health", "liveness": "/health", "readiness": ready}
    assert "HUB_ALLOWED_HOSTS" not in found
    assert settings.host == "0.0.0.0"
    assert container["ports"] == [{"name": "http", "containerPort": settings.port}]
    assert case.pod["terminationGracePeriodSeconds"] > pause_s + settings.drain_s + GRACE_S


@pytest.mark.parametrize("name", ["one.yaml", "nodes.yaml"])
def test_a_kubelet_that_asks_by_address_is_answered(tmp_path: Path, name: str) -> None:
    """Without a credential, as probes do."""
    with hub_process(tmp_path, AUTH="required") as hub:
        answers = {
            path: httpx.get(hub.url + path, headers={"Host": "10.1.2.3:8000"}).status_code
            for path in (
                of(name).container[f"{probe}Probe"]["httpGet"]["path"]
                for probe in ("startup", "liveness", "readiness")
            )
        }

    assert set(answers.values()) == {200}, answers


def test_one_replica_has_a_disk_of_its_own() -> None:
    """A second one on SQLite would be another hub, or a broken file."""
    case = of("one.yaml")
    (claim,) = case.spec["volumeClaimTemplates"]
    settings, _ = load(environment(case))
    mounts = case.container["volumeMounts"]
    (mount,) = (one for one in mounts if one["name"] == claim["metadata"]["name"])

    assert (case.kind, case.spec["replicas"]) == ("StatefulSet", 1)
    assert settings.postgres_url is None
    assert str(settings.data_file).startswith(f"{mount['mountPath']}/")
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_several_replicas_are_one_hub() -> None:
    """One database, one Redis, one folder of artifacts, keys of webhooks that all of them have."""
    case = of("nodes.yaml")
    settings, _ = load(environment(case))
    (volume,) = (one for one in case.pod["volumes"] if "persistentVolumeClaim" in one)
    (claim,) = (one for one in manifests("nodes.yaml") if one["kind"] == "PersistentVolumeClaim")
    mounts = case.container["volumeMounts"]
    (mount,) = (one for one in mounts if one["name"] == volume["name"])

    assert (case.kind, case.spec["replicas"]) == ("Deployment", 3)
    assert settings.postgres_url is not None
    assert settings.redis_url is not None
    assert settings.migrate_on_start is False
    assert str(settings.artifacts_folder).startswith(f"{mount['mountPath']}/")
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert case.spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("name", ["one.yaml", "nodes.yaml"])
def test_names_lead_to_each_other(name: str) -> None:
    """Services find pods, budgets and ingress find them, pods find their maps."""
    read, spec = manifests(name), of(name).spec
    labels = spec["template"]["metadata"]["labels"]
    (ingress,) = manifests("ingress.yaml")
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    (service,) = (one for one in read if one["kind"] == "Service")

    assert spec["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert service["spec"]["ports"][0]["targetPort"] == "http"
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] == service["spec"]["ports"][0]["name"]
    assert ingress["spec"]["tls"][0]["hosts"] == [ingress["spec"]["rules"][0]["host"]]
    for budget in (one for one in read if one["kind"] == "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] == labels


def test_the_migration_is_of_the_nodes_database_and_version() -> None:
    """Another image would leave the nodes waiting."""
    one, other = of("migrate.yaml").container, of("nodes.yaml").container

    assert one["image"] == other["image"]
    assert one["command"] == ["hub", "migrate"]
    assert [item for item in one["env"] if item["name"] == "DATABASE_URL"] == [
        item for item in other["env"] if item["name"] == "DATABASE_URL"
    ]
