"""Refusals of the public pages."""

from storage.kernel.errors import NotFound


class InstitutionNotListed(NotFound):
    """The directory has no institution of this code. Facts: institution."""

    code = "institution-not-listed"
