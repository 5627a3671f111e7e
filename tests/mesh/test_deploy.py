"""What lies in ``deploy/`` parses and names what exists; nothing here can build an image."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")}
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


def test_compose_has_every_service_and_its_build_argument() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    built = {
        name: service["build"]["args"]["SERVICE"] for name, service in compose["services"].items() if "build" in service
    }
    assert built == {name: name for name in SERVICES}
    assert set(compose["services"]) - SERVICES == {"postgres", "nats", "collector"}


def test_compose_opens_only_loopback() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_executor_is_not_given_the_database() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    assert "MISTRAL_DATABASE_URL" not in compose["services"]["executor"]["environment"]
    assert "secretRef" not in (DEPLOY / "kubernetes" / "executor.yaml").read_text()


def test_kustomization_names_every_file_and_every_service() -> None:
    (base,) = documents(DEPLOY / "kubernetes" / "kustomization.yaml")
    assert {*base["resources"], "kustomization.yaml"} == {path.name for path in KUBERNETES}
    kinds = [document for path in KUBERNETES for document in documents(path)]
    images = {
        document["spec"]["template"]["spec"]["containers"][0]["image"].removeprefix("mistral/")
        for document in kinds
        if document["kind"] == "Deployment"
    }
    assert images == SERVICES


def test_collector_pipelines_name_parts_that_exist() -> None:
    (collector,) = documents(DEPLOY / "collector.yaml")
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])


def test_dockerfile_runs_the_service_it_was_built_for() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "ARG SERVICE" in text
    assert "python -m mistral_$SERVICE" in text


@pytest.mark.parametrize("path", [DEPLOY / "compose.yaml", *KUBERNETES], ids=lambda path: path.name)
def test_no_setting_is_misspelt(path: Path) -> None:
    used = set(re.findall(r"MISTRAL_[A-Z_]+", path.read_text()))
    sources = "\n".join(source.read_text() for source in ROOT.glob("*/*/mistral_*/**/*.py"))
    # Settings are declared with or without their common prefix, or built from the name of a service.
    unknown = {name for name in used if name not in sources and not name.endswith("_ADDRESSES")}
    assert not unknown
