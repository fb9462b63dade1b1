# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the port share: a certificate, a server process, raw TLS sockets, WebSocket frames."""
import base64
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile

DEADLINE = 20.0
ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(name):
    """A built test program: in $ORIEL_BUILD, or the checkout's build folder."""
    return pathlib.Path(os.environ.get("ORIEL_BUILD", ROOT / "build")) / "tests" / "integration" / name


class Server:
    """Runs a test server; it ends with its standard input, so also when this process is killed."""

    def __init__(self, name, *arguments):
        self.folder = tempfile.mkdtemp(prefix="o")
        self.certificate = os.path.join(self.folder, "cert.pem")
        self.key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", self.key, "-out", self.certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program(name), self.certificate, self.key, *arguments],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.port = int(self.line())

    def line(self):
        """One line of what the server prints."""
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        assert ready, "the test server is silent"
        text = b""
        while not text.endswith(b"\n"):
            byte = os.read(self.process.stdout.fileno(), 1)
            assert byte, "the test server ended: " + self.log()
            text += byte
        return text.decode().strip()

    def tell(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            status = "it did not end"
        self.process.stdout.close()
        log = self.log()
        shutil.rmtree(self.folder)
        assert status == 0, f"{status}: {log}"
        assert "ERROR: AddressSanitizer" not in log and "runtime error" not in log, log

    def tcp(self):
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE)

    def tls(self, **options):
        return tls_over(self.tcp(), **options)


def tls_over(sock, maximum=None, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if maximum:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = maximum
        context.set_ciphers("ALL:@SECLEVEL=0")
    if alpn:
        context.set_alpn_protocols(alpn)
    return context.wrap_socket(sock)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(min(65536, size - len(data)))
        if not part:
            raise EOFError(f"{len(data)} of {size} bytes")
        data += part
    return data


def read_head(sock):
    head = b""
    while b"\r\n\r\n" not in head:
        part = sock.recv(1)
        if not part:
            raise EOFError(repr(head))
        head += part
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:-2]:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, line
        headers[name.lower()] = value.strip()
    return int(lines[0].split(" ")[1]), headers


def read_answer(sock, head_only=False):
    status, headers = read_head(sock)
    size = 0 if head_only else int(headers.get("content-length", 0))
    return Answer(status, headers, read_exactly(sock, size))


def request(method, path, *headers, body=b"", host=True):
    lines = [f"{method} {path} HTTP/1.1"] + (["Host: localhost"] if host else []) + list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def post(path, body, *headers):
    return request("POST", path, f"Content-Length: {len(body)}", "Content-Type: application/json", *headers, body=body)


def is_closed(sock):
    """Reads to the end; False when data comes instead."""
    try:
        return sock.recv(1) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def upgrade(path, *headers, protocols="binary"):
    key = base64.b64encode(os.urandom(16)).decode()
    return request("GET", path, "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                   f"Sec-WebSocket-Key: {key}", *([f"Sec-WebSocket-Protocol: {protocols}"] if protocols else []), *headers)


def frame(data, opcode=2):
    mask = os.urandom(4)
    size = len(data)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    pattern = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big") if size else b""
    return head + mask + masked


def read_frame(sock):
    first, size = read_exactly(sock, 2)
    assert not size & 0x80, "a server does not mask"
    if size == 126:
        size, = struct.unpack("!H", read_exactly(sock, 2))
    elif size == 127:
        size, = struct.unpack("!Q", read_exactly(sock, 8))
    return first & 0x0F, read_exactly(sock, size)


def read_payload(sock, size):
    data = b""
    while len(data) < size:
        opcode, part = read_frame(sock)
        assert opcode in (0, 2), opcode
        data += part
    return data


def read_close_code(sock):
    while True:
        opcode, data = read_frame(sock)
        if opcode == 8:
            return struct.unpack("!H", data[:2])[0]
