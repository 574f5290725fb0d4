"""A little web server with pages that behave and pages that do not."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """Serves `pages`: {path: (status, headers, body)} or {path: function of the handler}. Notes what was asked."""

    def __init__(self):
        self.pages, self.asked = {}, []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append((self.path, dict(self.headers)))
                page = web.pages.get(self.path.partition("?")[0], (404, {}, b""))
                if callable(page):
                    page(self)
                    return
                status, headers, body = page
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def text(self, path, text, kind="text/plain; charset=utf-8"):
        """Add a page; its address."""
        self.pages[path] = (200, {"Content-Type": kind}, text if isinstance(text, bytes) else text.encode())
        return self.url + path

    def sends_on(self, path, location):
        """Add a redirect; its address."""
        self.pages[path] = (302, {"Location": location}, b"")
        return self.url + path

    def stop(self):
        """Close the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def drip(handler):
    """A byte every now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    try:
        for _ in range(400):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def drip_headers(handler):
    """Headers that never end."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(400):
            handler.wfile.write(f"X-{number}: 1\r\n".encode())
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def endless(handler):
    """More than anybody wants."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    try:
        for _ in range(1_000):
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        pass
