"""Settings: where they come from, and that secrets do not leak."""

import pytest

from cueloop import settings
from cueloop.errors import SettingsError


def test_the_environment_wins_over_the_file_in_the_home(tmp_path, monkeypatch):
    (tmp_path / "settings.env").write_text("LABEL_STUDIO_URL=http://file\nCUELOOP_ML_PORT=9999\n")
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://environment")
    loaded = settings.load()
    assert loaded.label_studio_url == "http://environment"
    assert loaded.ml_port == 9999
    assert loaded.store_url.startswith("sqlite:///")


def test_a_setting_that_makes_no_sense_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CUELOOP_SYNC_SECONDS", "often")
    with pytest.raises(SettingsError, match="CUELOOP_SYNC_SECONDS"):
        settings.load()


def test_secrets_print_as_stars(tmp_path):
    loaded = settings.load(home=tmp_path, label_studio_api_key="open-sesame", ml_password="swordfish")
    assert "open-sesame" not in repr(loaded)
    assert "swordfish" not in str(loaded.model_dump())


def test_the_home_is_never_the_users_home_folder(monkeypatch, tmp_path):
    # Given a shell in which HOME and PROJECT are set, as anywhere
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PROJECT", "no number")
    monkeypatch.delenv("CUELOOP_HOME", raising=False)
    # Then Cueloop keeps to its own names
    assert str(settings.load().home) == ".cueloop"
