"""A small API of the kind Forebay is put in front of: slow, verbose, without a word on caching."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPLICA = os.environ.get("REPLICA", "a")
PRODUCTS = [{"id": n, "name": f"product {n}", "stock": n % 7} for n in range(200)]


class Api(BaseHTTPRequestHandler):
    """GET /api/products, and /api/time for something that changes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answers after the 80 ms that a database would take."""
        time.sleep(0.08)
        path = self.path.partition("?")[0]
        if path.startswith("/api/products"):
            self.answer(200, PRODUCTS)
        elif path == "/api/time":
            self.answer(200, {"now": time.time(), "replica": REPLICA})
        else:
            self.answer(404, {"error": "not found"})

    def answer(self, status, value):
        """One JSON response."""
        body = json.dumps(value, indent=1).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Replica", REPLICA)
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 3000), Api).serve_forever()
