"""nginx in front of compose.yaml: what Compose makes of both files, as far as it can be read."""

import re
from typing import Any

from hub.settings import load
from support.deploy_files import DEPLOY, KNOWN, ROOT, compose

NGINX = (DEPLOY / "nginx" / "hub.conf").read_text()


def merged() -> dict[str, dict[str, Any]]:
    """Return the services as Compose merges them: of maps every name, of the rest the last."""
    services: dict[str, dict[str, Any]] = {}
    for path in (ROOT / "compose.yaml", DEPLOY / "compose.nginx.yaml"):
        for name, service in compose(path)["services"].items():
            before = services.get(name, {})
            environment = {**before.get("environment", {}), **service.get("environment", {})}
            services[name] = {**before, **service, "environment": environment}
    return services


def test_the_nodes_are_asked_for_credentials_and_know_their_proxy() -> None:
    """A hub that is open to its machine refuses what comes through a proxy."""
    for name in ("one", "two"):
        environment = merged()[name]["environment"]
        settings, warnings = load(environment)
        assert settings.auth == "required"
        assert settings.trusted_proxies == "127.0.0.1"
        assert settings.redis_url is not None
        assert warnings == []
        assert set(environment) <= KNOWN


def test_nginx_knows_the_nodes() -> None:
    """Their ports are the upstream's, and the file that is mounted is there."""
    services = merged()
    ports = {services[name]["environment"]["PORT"] for name in ("one", "two")}
    config, _ = services["nginx"]["volumes"]

    assert set(re.findall(r"server 127\.0\.0\.1:(\d+);", NGINX)) == ports
    assert (ROOT / config.partition(":")[0]).samefile(DEPLOY / "nginx" / "hub.conf")
    assert services["nginx"]["network_mode"] == services["one"]["network_mode"]
    assert set(services) == {"one", "two", "redis", "postgres", "nginx"}


def test_it_adds_and_repeats_nothing() -> None:
    """compose.yaml stays the one place for nodes, Redis and PostgreSQL."""
    added = compose(DEPLOY / "compose.nginx.yaml")["services"]

    assert all(set(added[name]) == {"environment"} for name in ("one", "two"))
    assert set(added) == {"one", "two", "nginx"}
