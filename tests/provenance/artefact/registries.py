"""Debian's docker-registry on the loopback, and a line to it that breaks when it is told to."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import socketserver
import struct
import subprocess
import time

import requests

from tests.conftest import require
from tests.provenance.background import running

HASH = "jane:$2b$04$mF/jS5Y290n4tGLPhOw8Cef4Ks21GSs3v4VrA/tIrRzG17ck1VDLy"
"""The password is "word"; made by crypt(3)."""
RESET = struct.pack("ii", 1, 0)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def registry(folder, *, password=False):
    """Yield where a registry is: HOST:PORT; with a password, it wants to know who asks."""
    require(
        "docker-registry", "no registry (on Debian and Ubuntu: apt-get install docker-registry)"
    )
    where = f"127.0.0.1:{free_port()}"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": where},
    }
    if password:
        (folder / "htpasswd").write_text(f"{HASH}\n")
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    argv = ["docker-registry", "serve", folder / "config.yml"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(argv, stdout=log, stderr=log, env=dict(os.environ))
    try:
        _wait(where, server)
        yield where
    finally:
        server.terminate()
        server.wait()


def _wait(where, server):
    for _ in range(400):
        assert server.poll() is None, "the registry has ended"
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"http://{where}/v2/", timeout=10)
            return
        time.sleep(0.05)
    raise AssertionError("the registry doesn't answer")


class Line(socketserver.ThreadingTCPServer):
    """A line to a server; ``cuts`` are after how many bytes, sent or received, it breaks next."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, to):
        super().__init__(("127.0.0.1", 0), Relay)
        self.to = to
        self.where = f"127.0.0.1:{self.server_address[1]}"
        self.cuts, self.carried = [], 0

    def handle_error(self, request, client_address):
        pass


class Relay(socketserver.BaseRequestHandler):
    def handle(self):
        host, port = self.server.to.split(":")
        with (
            socket.create_connection((host, int(port))) as other,
            selectors.DefaultSelector() as ready,
        ):
            ready.register(self.request, selectors.EVENT_READ, other)
            ready.register(other, selectors.EVENT_READ, self.request)
            carried = 0
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(1 << 16)
                    if not data:
                        return
                    carried += len(data)
                    self.server.carried += len(data)
                    if self.server.cuts and carried > self.server.cuts[0]:
                        del self.server.cuts[0]
                        self._cut(other)
                        return
                    key.data.sendall(data)

    def _cut(self, other):
        for end in (self.request, other):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.close()


@contextlib.contextmanager
def line(to):
    with Line(to) as server, running(server):
        yield server
