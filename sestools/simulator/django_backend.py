"""Django's SMTP backend, trusting the simulator: what `Simulator.django_settings` names."""

from __future__ import annotations

import ssl
from functools import cached_property

from django.conf import settings
from django.core.mail.backends import smtp


class EmailBackend(smtp.EmailBackend):  # type: ignore[misc]  # Django has no types
    """As Django's own, with certificates verified by the authorities in the setting EMAIL_CA_FILE."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What verifies the server."""
        return ssl.create_default_context(cafile=settings.EMAIL_CA_FILE)
