"""What people are told about how Cueloop is set up holds no password, wherever it stands."""

import pytest
from click.testing import CliRunner

from console.cli import main

MARK = "open-sesame-marked"
PLACES = {"LABEL_STUDIO_URL": f"http://u:ls-{MARK}@127.0.0.1:1", "LABEL_STUDIO_API_KEY": f"key-{MARK}",
          "CUELOOP_ML_PASSWORD": f"ml-{MARK}", "CUELOOP_HOOK_SECRET": f"hook-{MARK}",
          "CUELOOP_REDIS_URL": f"redis://u:redis-{MARK}@127.0.0.1:1/0"}


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["doctor", "--json"],
                                     ["models", "list", "--json"], ["connect", "--project", "1", "--dry-run"],
                                     ["train", "--project", "1"]])
def test_no_command_tells_a_secret(tmp_path, monkeypatch, command):
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    for name, value in PLACES.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, command)
    assert MARK not in result.output
    assert MARK not in str(result.exception)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and MARK.encode() in file.read_bytes()]
