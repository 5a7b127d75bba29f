"""What the web process and the process that reads pages' text say to each other."""

from pydantic import BaseModel, ConfigDict

# What has markup; every other text is taken as it is.
MARKUP = frozenset({"text/html", "application/xhtml+xml"})


class PageHead(BaseModel):
    """What comes before a page's bytes, as one line of JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_type: str
    charset: str | None


class PageText(BaseModel):
    """A page without its markup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    text: str
