"""What can stop the set-up."""


class SetupError(Exception):
    """The App was not set up; the message says why and what to do next."""
