"""The line between a browser and a server, which a test can cut and mend while both go on."""

import socket
import threading
from contextlib import suppress

from tests.browser.server import HOST, free_port


class Cable:
    """Carries every connection to `port` on to a server's."""

    def __init__(self, to: int) -> None:
        self.port = free_port()
        self._to = to
        self._ends: list[socket.socket] = []
        self.mend()

    @property
    def url(self) -> str:
        """The origin at this end, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def mend(self) -> None:
        """Let connections through."""
        listening = socket.create_server((HOST, self.port))
        self._ends.append(listening)
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        while self._ends:
            end = self._ends.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes who waits for it; closing alone would not
            end.close()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection((HOST, self._to))
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
