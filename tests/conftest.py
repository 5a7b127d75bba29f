"""What holds for every test."""

from hypothesis import settings

# How long an example takes depends on the machine; nothing here is a timed assertion.
settings.register_profile("lockgate", deadline=None)
settings.load_profile("lockgate")
