"""Label Studio's WSGI application for gunicorn. Runs in Label Studio's environment, never in ours.

`label-studio start` is Django's development server on stock SQLite, where writers meet "database is locked".
Here SQLite gets WAL, and every transaction takes its write lock at the start (the measurements are in the
project's facts on Label Studio 1.23.2). The admin is made before gunicorn forks, once per database.
"""

import importlib.util
import os
import sys

spec = importlib.util.find_spec("label_studio")
assert spec is not None, "Label Studio is not installed in this environment"
assert spec.submodule_search_locations
sys.path.insert(0, spec.submodule_search_locations[0])  # as label_studio.server does: apps are top-level there
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "label_studio.core.settings.label_studio")

from django.conf import settings  # noqa: E402  after the path and the settings module are known

if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    settings.DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

from core.wsgi import application  # noqa: E402, F401  what gunicorn serves
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402


def ensure_admin(email: str, password: str, token: str) -> None:
    """Make the first user, an admin with this legacy token, and the organization; nothing if they exist."""
    from organizations.functions import create_organization
    from organizations.models import Organization
    from rest_framework.authtoken.models import Token
    from users.models import User

    if User.objects.filter(email=email).exists():
        return
    admin = User.objects.create_superuser(email=email, password=password, username=email.partition("@")[0])
    organization = Organization.objects.first()
    if organization is None:
        organization = create_organization("Label Studio", admin, legacy_api_tokens_enabled=True)
    else:
        organization.add_user(admin)
    admin.active_organization = organization
    admin.save(update_fields=["active_organization"])
    Token.objects.filter(user=admin).delete()
    Token.objects.create(user=admin, key=token)


if os.environ.get("CUELOOP_MIGRATE"):
    call_command("migrate", "--no-color", verbosity=0)
if os.environ.get("CUELOOP_ADMIN_EMAIL"):
    ensure_admin(os.environ["CUELOOP_ADMIN_EMAIL"], os.environ["CUELOOP_ADMIN_PASSWORD"],
                 os.environ["CUELOOP_ADMIN_TOKEN"])
connections.close_all()  # a connection must not be shared by the processes that gunicorn forks
