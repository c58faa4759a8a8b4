"""Files for containers: sound as far as that can be said without running them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from restante.settings import Settings
from restante.wiring.health import Health, make_health_routes
from tests.house.repository import ROOT
from tests.house.test_requirements import locked, wanted

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "restante"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
TEMPLATES = sorted((CHART / "templates").glob("*.yaml"))
PINNED = re.compile(r"[a-z0-9-]+:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)*")
TAG = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")

VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "with everything": {
        "broker": {"secret": "broker", "url": "mqtts://mosquitto:8883"},
        "ingress": {"enabled": True, "className": "x", "host": "h", "tlsSecret": "t"},
        "storage": {"size": "1Gi", "accessMode": "ReadWriteMany", "className": "shared"},
    },
}


def values_of(variant: str) -> dict[str, Any]:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return {**values, **VARIANTS[variant]}


def render(template: str, values: dict[str, Any]) -> str:
    """Fill in a template of the few forms this chart uses; any other form is an error."""
    lines: list[str] = []
    _render(template.splitlines(), {"Values": values, "Release": {"Name": "net"}}, lines)
    return "\n".join(lines)


def _render(source: list[str], scope: dict[str, Any], out: list[str]) -> None:
    index = 0
    while index < len(source):
        line = source[index]
        control = re.fullmatch(r"\s*\{\{- (if|range) (.*?) \}\}", line)
        if control is None:
            assert "{{- " not in line, f"a form nobody renders here: {line}"
            out.append(TAG.sub(lambda tag: _value(tag[1], scope), line))
            index += 1
            continue
        end = _end_of(source, index)
        body = source[index + 1 : end]
        if control[1] == "if":
            if _holds(control[2], scope):
                _render(body, scope, out)
        else:
            found = re.fullmatch(r"\$(\w+), \$(\w+) := (\S+)", control[2])
            assert found is not None, line
            for name, value in _find(found[3], scope).items():
                _render(body, {**scope, found[1]: name, found[2]: value}, out)
        index = end + 1


def _end_of(source: list[str], begin: int) -> int:
    depth = 0
    for index in range(begin, len(source)):
        if re.match(r"\s*\{\{- (if|range) ", source[index]):
            depth += 1
        elif re.fullmatch(r"\s*\{\{- end \}\}", source[index]):
            depth -= 1
            if depth == 0:
                return index
    raise AssertionError(f"no end: {source[begin]}")


def _holds(condition: str, scope: dict[str, Any]) -> bool:
    same = re.fullmatch(r'eq (\S+) "(.*)"', condition)
    if same:
        return bool(_find(same[1], scope) == same[2])
    return bool(_find(condition, scope))


def _find(path: str, scope: dict[str, Any]) -> Any:
    if path.startswith("$"):
        return scope[path[1:]]
    assert path.startswith("."), f"a form nobody renders here: {path}"
    found: Any = scope
    for name in path[1:].split("."):
        found = found[name]
    return found


def _value(expression: str, scope: dict[str, Any]) -> str:
    path, _, filters = expression.partition(" | ")
    if path.startswith("upper "):
        return str(_find(path.removeprefix("upper "), scope)).upper()
    value = str(_find(path, scope))
    assert filters in ("", "quote"), expression
    return f'"{value}"' if filters else value


def documents(variant: str) -> dict[str, dict[str, Any]]:
    """Render the whole chart; by kind."""
    found = {}
    for path in TEMPLATES:
        document = yaml.safe_load(render(path.read_text(encoding="utf-8"), values_of(variant)))
        if document is not None:
            found[document["kind"]] = document
    return found


def test_the_programs_that_check_these_files_are_locked() -> None:
    assert wanted("deploy") <= set(locked("deploy")), "run `make lock`"
    text = (ROOT / "requirements" / "deploy.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count("--hash=sha256:") > len(locked("deploy"))


def routes() -> set[str]:
    return {path for route in make_health_routes(Health([])) for path in route.paths}  # type: ignore[union-attr]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_chart_renders_to_the_objects_it_promises(variant: str) -> None:
    found = documents(variant)
    wanted = {"ConfigMap", "Deployment", "Service", "PersistentVolumeClaim"}
    assert set(found) == (wanted | {"Ingress"} if variant == "with everything" else wanted)
    for document in found.values():
        assert document["apiVersion"]
        assert document["metadata"]["name"] == "net"
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_volume_that_is_mounted_is_there(variant: str) -> None:
    pod = documents(variant)["Deployment"]["spec"]["template"]["spec"]
    mounted = {one["name"] for one in pod["containers"][0]["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}


def test_probes_ask_addresses_that_are_answered() -> None:
    container = documents("as it is")["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    assert asked == routes() == {"/livez", "/readyz"}
    assert container["startupProbe"]["httpGet"]["path"] in asked
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert container["readinessProbe"]["httpGet"]["port"] in ports
    said = re.search(r"RESTANTE_LISTEN_PORT=(\d+)", CONTAINERFILE)
    assert said is not None
    assert ports["http"] == int(said[1])
    for text in (CONTAINERFILE, str(COMPOSE["services"]["centre"]["healthcheck"]["test"])):
        assert f"127.0.0.1:{said[1]}/readyz" in text


@pytest.mark.parametrize("source", ["compose", "Containerfile", *VARIANTS])
def test_every_setting_that_is_named_exists(source: str) -> None:
    if source == "compose":
        named = set(COMPOSE["services"]["centre"]["environment"])
    elif source == "Containerfile":
        named = set(re.findall(r"RESTANTE_[A-Z_]+", CONTAINERFILE))
    else:
        named = set(documents(source)["ConfigMap"]["data"])
    assert len(named) > 2
    unknown = {
        name for name in named
        if name.removeprefix("RESTANTE_").lower() not in Settings.__struct_fields__
    }  # fmt: skip
    assert not unknown


def test_every_image_is_pinned_and_names_no_host() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    image = values_of("as it is")["image"]
    images.append(f"{image['repository']}:{image['tag']}")
    assert len(images) == 7
    assert [one for one in images if not PINNED.fullmatch(one)] == []


def test_nobody_is_root_and_nothing_writes_into_an_image() -> None:
    assert re.search(r"^USER 10001", CONTAINERFILE, re.MULTILINE)
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name
    pod = documents("as it is")["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_secrets_are_files_and_never_variables() -> None:
    for service in COMPOSE["services"].values():
        for name in service.get("environment", {}):
            assert not re.search(r"(PASSWORD|TOKEN|SECRET)$", name), name
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert Path(secret["file"]).parts[0] == "secrets"
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_services_and_volumes_that_are_named_are_there() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for one in service.get("volumes", ()):
            source = one.split(":")[0]
            assert source.startswith("./") or source in volumes, one
    caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    proxied = re.findall(r"reverse_proxy (\S+):", caddy)
    assert proxied == ["centre"]
    assert COMPOSE["services"]["centre"]["environment"]["RESTANTE_REQUEST_ID_HEADER"] == (
        "x-request-id"
    )
    assert "header_up X-Request-Id {http.request.uuid}" in caddy


def test_the_lists_an_image_is_built_from_are_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    sources = [name for line in copied for name in line.split()]
    assert len(sources) == 7
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in sources:
        assert (ROOT / name).exists(), name
        assert f"!{name.split('/')[0]}" in ignored, name
