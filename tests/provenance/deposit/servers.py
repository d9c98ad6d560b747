"""Archives on the loopback that follow the documented protocols, and fail when they are told to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from tests.provenance.background import running

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN = "secret-token-1"


class Fault:
    """What happens to the next request with a method and a path."""

    def __init__(
        self,
        method: str,
        path: str,
        status: int = 0,
        headers: Iterable[tuple[str, str]] = (),
        page: dict[str, object] | None = None,
        cut_after: int | None = None,
        forge: bool = False,
        hang: bool = False,
    ) -> None:
        self.method, self.path, self.status = method, path, status
        self.headers, self.page = dict(headers), page or {}
        self.cut_after, self.forge, self.hang = cut_after, forge, hang


class Archive(ThreadingHTTPServer):
    """One archive: what it holds, what it was asked, what it will get wrong."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked, self.times, self.faults = [], [], []
        self.drafts, self.files, self.published, self.contents = {}, {}, [], {}
        self.received = 0
        self.hanging, self.go_on = threading.Event(), threading.Event()

    def handle_error(self, request, client_address):
        pass  # a connection that was cut on purpose


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keeps = 1 << 20
    """Bytes of what was sent that are remembered."""

    def log_message(self, *_words):
        pass

    def handle_any(self):
        path = urlsplit(self.path).path
        self.server.asked.append((self.command, unquote(path)))
        self.server.times.append(time.monotonic())
        fault = self._fault(path)
        if fault and fault.hang:
            self.server.hanging.set()
            self.server.go_on.wait(60)
        if fault and fault.cut_after is not None:
            self.digest, self.kept = hashlib.md5(), bytearray()
            self._swallow(fault.cut_after)
            self.broken()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()
            return
        self.digest, self.kept = hashlib.md5(), bytearray()
        self._swallow(int(self.headers.get("Content-Length", 0)))
        if fault and fault.status:
            self.answer(fault.status, fault.page, fault.headers)
        elif not self.may():
            self.answer(401, {"status": 401, "message": "The server could not verify you"})
        else:
            self.forged = bool(fault and fault.forge)
            self.do(path, parse_qs(urlsplit(self.path).query))

    do_HEAD = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 (http.server asks for these)

    def broken(self):
        """What arrived before the line broke is in ``kept``."""

    def _fault(self, path):
        for fault in self.server.faults:
            if fault.method == self.command and re.search(fault.path, unquote(path)):
                self.server.faults.remove(fault)
                return fault
        return None

    def _swallow(self, size):
        while size:
            block = self.rfile.read(min(size, 1 << 16))
            if not block:
                return
            size -= len(block)
            self.server.received += len(block)
            if hasattr(self, "digest"):
                self.digest.update(block)
                if len(self.kept) < self.keeps:
                    self.kept += block

    def page(self):
        return json.loads(bytes(self.kept) or b"{}")

    def answer(self, status, page=None, headers=()):
        data = b"" if page is None else json.dumps(page).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Invenio(Handler):
    """The records API: https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records."""

    def may(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do(self, path, _query):
        if (self.command, path) == ("POST", "/api/records"):
            draft = f"abcd-{len(self.server.drafts) + 1}"
            self.server.drafts[draft] = {**self.page(), "pids": {}}
            self.server.files[draft] = {}
            return self.answer(201, {"id": draft})
        _, _, _, draft, *rest = [unquote(part) for part in path.split("/")]
        if (self.command, rest) == ("GET", []) and draft in self.server.published:
            return self.answer(200, {"id": draft})
        if draft not in self.server.drafts or draft in self.server.published:
            return self.answer(404, {"message": "The persistent identifier does not exist."})
        record = self.server.drafts[draft]
        match (self.command, *rest):
            case ("GET", "draft"):
                self.answer(200, {"id": draft, **record})
            case ("PUT", "draft"):
                self.server.drafts[draft] = {"pids": {}, **self.page()}
                self.answer(200, {"id": draft, **self.server.drafts[draft]})
            case ("POST", "draft", "pids", "doi"):
                doi = {"identifier": f"10.5072/{draft}", "provider": "datacite"}
                record["pids"]["doi"] = doi
                self.answer(201, {"id": draft, **record})
            case ("POST", "draft", "actions", "publish"):
                self.server.published.append(draft)
                self.answer(202, {"id": draft, **record})
            case (_, "draft", "files", *file):
                self.do_files(self.server.files[draft], file)
            case _:
                self.answer(405)
        return None

    def do_files(self, files, rest):
        match (self.command, *rest):
            case ("GET",):
                self.answer(200, {"enabled": True, "entries": list(files.values())})
            case ("POST",):
                keys = [entry["key"] for entry in self.page()]
                if set(keys) & set(files):
                    message = f"File with key {keys[0]} already exists."
                    return self.answer(400, {"status": 400, "message": message})
                files.update({key: {"key": key, "status": "pending"} for key in keys})
                self.answer(201, {"entries": list(files.values())})
            case ("PUT", key, "content"):
                digest = "0" * 32 if self.forged else self.digest.hexdigest()
                files[key]["checksum"] = f"md5:{digest}"
                self.server.contents[key] = bytes(self.kept)
                self.answer(200, files[key])
            case ("POST", key, "commit"):
                files[key]["status"] = "completed"
                self.answer(200, files[key])
            case ("DELETE", key):
                del files[key]
                self.answer(204)
            case _:
                self.answer(405)
        return None


class Dataverse(Handler):
    """The native API: https://guides.dataverse.org/en/latest/api/native-api.html."""

    keeps = 1 << 30

    def may(self):
        return self.headers.get("X-Dataverse-key") == TOKEN

    def do(self, path, query):
        path = path.replace("/api/v1/", "/api/")  # the same, as guides/api/intro has it
        if path.startswith("/api/dataverses/"):
            number = len(self.server.drafts) + 1
            doi = f"doi:10.5072/FK2/{number}"
            self.server.drafts[doi] = self.page()["datasetVersion"]
            self.server.files[doi] = []
            return self.said(201, {"id": number, "persistentId": doi})
        if path.startswith("/api/files/"):
            for files in self.server.files.values():
                files[:] = [f for f in files if path != f"/api/files/{f['dataFile']['id']}"]
            return self.said(200, {"message": "gone"})
        (doi,) = query["persistentId"]
        match (self.command, path.removeprefix("/api/datasets/:persistentId")):
            case ("GET", "/versions/:latest-published" | "/versions/:draft" as version):
                if (doi in self.server.published) is version.endswith("draft"):
                    return self.answer(404, {"status": "ERROR", "message": "No such version"})
                self.said(200, self.server.drafts[doi])
            case ("PUT", "/versions/:draft"):
                self.server.drafts[doi] = self.page()
                self.said(200, self.page())
            case ("GET", "/versions/:draft/files"):
                self.said(200, self.server.files[doi])
            case ("POST", "/add"):
                file = self.file()
                self.server.files[doi].append(file)
                self.said(200, {"files": [file]})
            case ("POST", "/actions/:publish"):
                assert query["type"] == ["major"]
                self.server.published.append(doi)
                self.said(200, {})
            case _:
                self.answer(405)
        return None

    def file(self):
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        head, data = (
            self.kept.split(b"--" + boundary)[2].removesuffix(b"\r\n").split(b"\r\n\r\n", 1)
        )
        (name,) = re.findall(rb'filename="(.*?)"', head)
        digest = hashlib.sha1(data).hexdigest()
        number = len(self.server.asked)
        checksum = {"type": "SHA-1", "value": "0" * 40 if self.forged else digest}
        about = {"id": number, "filename": name.decode(), "checksum": checksum}
        return {"label": name.decode(), "dataFile": about}

    def said(self, status, data):
        self.answer(status, {"status": "OK", "data": data})


@contextlib.contextmanager
def serving(handler):
    with Archive(handler) as server, running(server):
        yield server
