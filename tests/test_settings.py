"""Settings: where they come from, which wins, and what a wrong one is told."""

from pathlib import Path

import pytest

from restante.settings import BadSetting, Settings, read_secret, read_settings


def test_without_anything_the_defaults_hold() -> None:
    assert read_settings(environ={}) == Settings()


def test_arguments_win_over_variables_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "restante.toml"
    path.write_text('network_name = "File"\nlisten_port = 1001\nhold_hours = 48\n')
    environ = {"RESTANTE_LISTEN_PORT": "1002", "RESTANTE_HOLD_HOURS": "24", "HOME": "/"}
    arguments = {"hold_hours": 12, "zone": None}
    found = read_settings(path, environ=environ, arguments=arguments)
    assert (found.network_name, found.listen_port, found.hold_hours) == ("File", 1002, 12)
    assert found.zone == "UTC"


def test_paths_may_begin_at_home() -> None:
    found = read_settings(environ={"RESTANTE_DATA_DIR": "~/lockers"})
    assert found.data_dir == Path.home() / "lockers"
    assert found.journal_path.parent == found.data_dir


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"RESTANTE_LISTEN_PROT": "1"}, "did you mean 'listen_port'"),
        ({"RESTANTE_XYZZY": "1"}, "no setting 'xyzzy'"),
        ({"RESTANTE_LISTEN_PORT": "web"}, "listen_port: "),
        ({"RESTANTE_LISTEN_PORT": "99999"}, "1 to 65535"),
        ({"RESTANTE_ZONE": "Berlin"}, "such as Europe/Berlin"),
        ({"RESTANTE_LANGUAGE": "fr"}, "one of en, de, pl, es"),
        ({"RESTANTE_HOLD_HOURS": "0"}, "must be positive"),
        ({"RESTANTE_HOLD_HOURS": "9999"}, "60 days"),
        ({"RESTANTE_PIN_SECRET_DIGITS": "4"}, "6 or 8"),
    ],
)
def test_a_wrong_setting_is_told_what_would_be_right(environ: dict[str, str], message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        read_settings(environ=environ)


def test_a_file_that_is_not_there_or_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="restante init"):
        read_settings(tmp_path / "none.toml", environ={})
    (tmp_path / "bad.toml").write_text("= 1")
    with pytest.raises(BadSetting, match="not TOML"):
        read_settings(tmp_path / "bad.toml", environ={})


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    assert read_secret(path) == "s3cret"
    assert read_secret(None) == ""
    path.write_text("\n")
    with pytest.raises(BadSetting, match="is empty"):
        read_secret(path)
    with pytest.raises(BadSetting, match="put the secret"):
        read_secret(tmp_path / "none")
