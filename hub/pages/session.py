"""Who a browser acts as: a signed cookie that names a person, and the token its forms carry."""

import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer


@dataclass(frozen=True, slots=True)
class Session:
    """The person chosen in one browser; the nonce ties its forms to it."""

    login: str
    nonce: str


class Sessions:
    """Signs and reads the cookies; they end with the process, as everything in the hub does."""

    def __init__(self, secret: str) -> None:
        self._cookies = URLSafeSerializer(secret, salt="session")
        self._notices = URLSafeSerializer(secret, salt="notice")
        self._tokens = URLSafeSerializer(secret, salt="form")

    def start(self, login: str) -> Session:
        """Return a new session acting as a person."""
        return Session(login, secrets.token_urlsafe(16))

    def read(self, cookie: str) -> Session | None:
        """Return the session a cookie carries, or None for a missing or forged one."""
        try:
            login, nonce = self._cookies.loads(cookie)
        except (BadSignature, ValueError, TypeError):
            return None
        return Session(str(login), str(nonce))

    def cookie(self, session: Session) -> str:
        """Return the cookie's value."""
        return str(self._cookies.dumps([session.login, session.nonce]))

    def token(self, session: Session) -> str:
        """Return the token every form of this session sends along."""
        return str(self._tokens.dumps(session.nonce))

    def accepts(self, session: Session, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode())

    def notice(self, text: str) -> str:
        """Return the cookie's value for a sentence shown once on the next page."""
        return str(self._notices.dumps(text))

    def read_notice(self, cookie: str) -> str:
        """Return the sentence, or nothing for a missing or forged cookie."""
        try:
            return str(self._notices.loads(cookie))
        except BadSignature:
            return ""
