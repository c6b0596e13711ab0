"""Mark a message for translation where no reader is known yet; translate it later with `_`."""


def N_(message: str) -> str:  # noqa: N802 — gettext's own name for it; the extractor looks for it
    """The message unchanged."""
    return message
