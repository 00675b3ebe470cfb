"""Who may come in: a password that is kept as a hash only, and a seat for each browser that knew it."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

SEAT = "seat"
"""The cookie that holds a browser's seat."""
TRIES = 5
"""Wrong passwords that one address may give in a minute."""
WINDOW_S = 60.0


class Door:
    """The door of a page that not everybody may see; without a password it stands open."""

    def __init__(self, password: str = "", now: Callable[[], float] = time.monotonic) -> None:
        self._salt, self._now = secrets.token_bytes(16), now
        self._hash = self._hashed(password) if password else b""
        self._seats: set[bytes] = set()
        self._misses: dict[str, list[float]] = {}
        self._lock = threading.RLock()

    def _hashed(self, password: str) -> bytes:
        # the cost that RFC 7914 names for interactive use
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**14, r=8, p=1)

    @property
    def open(self) -> bool:
        """Whether everybody may come in."""
        return not self._hash

    def knows(self, seat: str) -> bool:
        """Whether this seat was given out here."""
        return self.open or hashlib.sha256(seat.encode()).digest() in self._seats

    def wait_s(self, address: str) -> int:
        """Seconds until this address may try again; 0 when it may now."""
        with self._lock:
            recent = [at for at in self._misses.get(address, []) if self._now() - at < WINDOW_S]
            self._misses[address] = recent
        return round(WINDOW_S - (self._now() - recent[0])) + 1 if len(recent) >= TRIES else 0

    def enter(self, password: str, address: str) -> str | None:
        """A seat for who knows the password; None for who does not, or tried too often."""
        with self._lock:
            if self.wait_s(address):
                return None
            at = self._now()
            self._misses[address].append(at)  # before the slow part: tries at the same time count too
        if not hmac.compare_digest(self._hashed(password), self._hash):
            return None
        with self._lock:
            self._misses[address] = [miss for miss in self._misses[address] if miss is not at]
        seat = secrets.token_urlsafe(24)
        self._seats.add(hashlib.sha256(seat.encode()).digest())
        return seat

    def leave(self, seat: str) -> None:
        """Give a seat back."""
        self._seats.discard(hashlib.sha256(seat.encode()).digest())
