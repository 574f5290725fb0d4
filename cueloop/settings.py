"""All settings in one place. Each is an environment variable, or a line in `CUELOOP_HOME/settings.env`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cueloop import logs
from cueloop.errors import SettingsError


class Settings(BaseSettings):
    """What a process needs to know about its surroundings. Secrets print as stars."""

    # Without a prefix a field is also read by its bare name: `home` from HOME.
    model_config = SettingsConfigDict(env_prefix="CUELOOP_", extra="ignore", populate_by_name=True, frozen=True)

    home: Path = Field(Path(".cueloop"), alias="CUELOOP_HOME",
        description="Folder of the store, artifacts, logs and secrets of this installation.")
    label_studio_url: str = Field("", alias="LABEL_STUDIO_URL",
        description="Address of your Label Studio; empty means the embedded one.")
    label_studio_api_key: SecretStr = Field(SecretStr(""), alias="LABEL_STUDIO_API_KEY",
        description="Token of the account Cueloop works as: a personal access token or a legacy token.")
    database_url: str = Field("", alias="CUELOOP_DATABASE_URL",
        description="SQLAlchemy URL of the store; empty means SQLite in the home folder.")
    redis_url: str = Field("", alias="CUELOOP_REDIS_URL",
        description="Redis that carries the RQ jobs; empty means the embedded Valkey of `cueloop up`.")
    artifacts_url: str = Field("", alias="CUELOOP_ARTIFACTS_URL",
        description="fsspec URL where model artifacts are kept; empty means a folder in the home.")
    project: int | None = Field(None, alias="CUELOOP_PROJECT",
        description="Label Studio project that commands work on when --project is not given.")
    sync_seconds: float = Field(2.0, alias="CUELOOP_SYNC_SECONDS", gt=0,
        description="Longest pause between two pulls; a webhook makes the next one come at once.")
    sweep_seconds: float = Field(300.0, alias="CUELOOP_SWEEP_SECONDS", gt=0,
        description="Pause between two sweeps for deleted tasks, annotations and spoilt queues.")
    hook_url: str = Field("", alias="CUELOOP_HOOK_URL",
        description="Address under which Label Studio reaches the webhook of the sync process.")
    hook_host: str = Field("127.0.0.1", alias="CUELOOP_HOOK_HOST",
        description="Address that the webhook of the sync process listens on.")
    hook_port: int = Field(8071, alias="CUELOOP_HOOK_PORT", ge=0, le=65535,
        description="Port that the webhook of the sync process listens on.")
    ml_url: str = Field("", alias="CUELOOP_ML_URL",
        description="Address under which Label Studio reaches the ML backend.")
    ml_host: str = Field("127.0.0.1", alias="CUELOOP_ML_HOST",
        description="Address that the ML backend listens on.")
    ml_port: int = Field(8072, alias="CUELOOP_ML_PORT", ge=0, le=65535,
        description="Port that the ML backend listens on.")
    ml_user: str = Field("cueloop", alias="CUELOOP_ML_USER",
        description="User name that the ML backend asks for (basic auth).")
    ml_password: SecretStr = Field(SecretStr(""), alias="CUELOOP_ML_PASSWORD",
        description="Password that the ML backend asks for; without one it serves loopback only.")
    hook_secret: SecretStr = Field(SecretStr(""), alias="CUELOOP_HOOK_SECRET",
        description="Secret header value that tells our webhook calls from others.")
    machine_token: SecretStr = Field(SecretStr(""), alias="CUELOOP_MACHINE_TOKEN",
        description="Token of the Label Studio account that owns what the machine accepted.")
    smtp_url: SecretStr = Field(SecretStr(""), alias="CUELOOP_SMTP_URL",
        description="Mail server for notices, smtp://user:password@host:port or smtps://…; without one they wait and "
                    "are shown.")
    mail_from: str = Field("", alias="CUELOOP_MAIL_FROM",
        description="Address that notices are sent from; without one none is sent.")
    mail_admin: str = Field("", alias="CUELOOP_MAIL_ADMIN",
        description="Addresses, with commas between them, of those who get the notices for admins.")
    ml_processes: int = Field(0, alias="CUELOOP_ML_PROCESSES", ge=0, le=64,
        description="Processes that answer for the ML backend; 0 means as many as the machine carries.")
    ml_threads: int = Field(0, alias="CUELOOP_ML_THREADS", ge=0, le=256,
        description="Requests that each of them takes at a time; 0 means a number that suits the machine.")
    ml_class: str = Field("", alias="CUELOOP_ML_CLASS",
        description="Python file of a LabelStudioMLBase subclass of yours that serves instead of our models.")
    encoder: Path | None = Field(None, alias="CUELOOP_ENCODER",
        description="Folder of a sentence encoder (config.json, model.safetensors, tokenizer.json) for the kinds "
                    "`encoder-linear` and `transformer`; empty means the small English one of their extras.")
    fetch_hosts: str = Field("", alias="CUELOOP_FETCH_HOSTS",
        description="Hosts, with commas between them, from which texts behind an address are fetched where the tag "
                    "says that its value is one; none by default but Label Studio's own.")
    fetch_megabytes: float = Field(5.0, alias="CUELOOP_FETCH_MEGABYTES", gt=0,
        description="Largest text that is fetched, in megabytes.")
    fetch_seconds: float = Field(10.0, alias="CUELOOP_FETCH_SECONDS", gt=0,
        description="Longest that fetching one text may take.")
    log_level: str = Field("info", alias="CUELOOP_LOG_LEVEL",
        description="Least serious log lines that are written: debug, info, warning or error.")
    label_studio_port: int = Field(0, alias="CUELOOP_LABEL_STUDIO_PORT", ge=0, le=65535,
        description="Port of the embedded Label Studio; 0 picks a free one and keeps it.")

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{(self.home / 'cueloop.sqlite3').absolute()}"

    @property
    def artifacts(self) -> str:
        """fsspec URL of the artifacts folder."""
        return self.artifacts_url or f"file://{(self.home / 'artifacts').absolute()}"

    def secrets(self) -> list[str]:
        """Everything in them that no log may show: passwords, tokens, and passwords within addresses."""
        found = [str(value.get_secret_value()) for _, value in self if isinstance(value, SecretStr)]
        for url in (self.label_studio_url, self.database_url, self.redis_url, self.artifacts_url, *found):
            password = re.search(r"://[^/@\s]*?:([^/@\s]+)@", url)
            found += [password[1], unquote(password[1])] if password else []
        return [*dict.fromkeys(filter(None, found)), f"{self.ml_user}:{self.ml_password.get_secret_value()}"]


def load(**overrides: Any) -> Settings:
    """Read settings: overrides first, then the environment, then `settings.env` in the home.

    Raises SettingsError naming each setting that makes no sense.
    """
    try:
        home = Path(overrides.get("home") or Settings(**overrides).home)
        found = Settings(_env_file=home / "settings.env", **overrides)  # type: ignore[call-arg]
    except ValidationError as error:
        problems = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Settings: {problems}. See docs/settings.md.") from None
    logs.hide(found.secrets())
    return found
