#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# backend.py LOG NAME=ADDRESS:PORT[:CERTIFICATE:KEY]...: endpoints that tell what they were asked.
#
# The answer's first line is "NAME METHOD TARGET LENGTH", then come the headers of the request with
# names in lower case. What is to happen besides stands in the query of the target, as &-separated
#  status=N       this status                 wait=S       seconds before the answer
#  set=NAME:VALUE a header of the answer      big=N        a header of N bytes
#  drip=S         half of the body, a pause, the other half
#  close=1        no answer: the connection is closed when the request was read
#  unread=S       the body is left unread for so long
# An upgrade to websocket is accepted, and each message comes back as it was, with the name before it.
# LOG gets a line "NAME METHOD TARGET" for each request.
import base64
import hashlib
import socket
import ssl
import sys
import threading
import time
import urllib.parse

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def read_head(conn, data):
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return None, b""
        data += more
        if data[0] < 32:  # TLS where none is spoken
            return None, b""
    return data.split(b"\r\n\r\n", 1)


def read_exactly(conn, data, n):
    data = bytearray(data)
    while len(data) < n:
        more = conn.recv(1 << 20)
        if not more:
            break
        data += more
    return bytes(data[:n]), bytes(data[n:])


def read_chunks(conn, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            data += conn.recv(65536)
        size, data = data.split(b"\r\n", 1)
        n = int(size, 16)
        chunk, data = read_exactly(conn, data, n + 2)
        body += chunk[:n]
        if not n:
            return body, data


def websocket(conn, name, headers, data):
    key = dict(headers)[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        head, data = read_exactly(conn, data, 2)
        if len(head) < 2 or head[0] & 15 == 8:
            return
        n = head[1] & 127  # short messages alone, masked as a client must
        rest, data = read_exactly(conn, data, 4 + n)
        text = bytes(c ^ rest[i % 4] for i, c in enumerate(rest[4:]))
        text = name.encode() + b" " + text
        conn.sendall(bytes([0x81, len(text)]) + text)


def one_request(conn, name, log, data):
    head, data = read_head(conn, data)
    if head is None:
        return None
    lines = head.split(b"\r\n")
    method, target, _ = lines[0].split(b" ", 2)
    headers = [(k.lower(), v.strip()) for k, v in (line.split(b":", 1) for line in lines[1:])]
    known = dict(headers)
    todo = dict(urllib.parse.parse_qsl(target.partition(b"?")[2].decode("latin-1")))
    with open(log, "ab") as f:
        f.write(name.encode() + b" " + method + b" " + target + b"\n")
    if known.get(b"upgrade", b"").lower() == b"websocket":
        websocket(conn, name, headers, data)
        return None
    time.sleep(float(todo.get("unread", 0)))
    if known.get(b"transfer-encoding", b"").lower() == b"chunked":
        body, data = read_chunks(conn, data)
    else:
        body, data = read_exactly(conn, data, int(known.get(b"content-length", 0)))
    if "close" in todo:
        return None
    time.sleep(float(todo.get("wait", 0)))
    text = b"%s %s %s %d\n" % (name.encode(), method, target, len(body))
    text += b"".join(b"%s: %s\n" % h for h in headers)
    more = b""
    if "set" in todo:
        more += todo["set"].encode() + b"\r\n"
    if "big" in todo:
        more += b"X-Big: " + b"x" * int(todo["big"]) + b"\r\n"
    conn.sendall(b"HTTP/1.1 %d Said\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n"
                 % (int(todo.get("status", 200)), len(text), more))
    if method == b"HEAD":
        return data
    half = len(text) // 2
    conn.sendall(text[:half])
    time.sleep(float(todo.get("drip", 0)))
    conn.sendall(text[half:])
    return data


def serve(conn, name, log, context):
    data = b""
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        while data is not None:
            data = one_request(conn, name, log, data)
    except (OSError, ValueError, KeyError):
        pass
    conn.close()


def listen(name, where, log):
    context = None
    address, port, *files = where.rsplit(":", 3) if where.count(".") > 3 else where.rsplit(":", 1)
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.bind((address, int(port)))
    s.listen(128)

    def accept():
        while True:
            conn, _ = s.accept()
            threading.Thread(target=serve, args=(conn, name, log, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def main():
    open(sys.argv[1], "ab").close()
    for arg in sys.argv[2:]:
        listen(*arg.split("=", 1), sys.argv[1])
    print("ready", flush=True)
    threading.Event().wait()


main()
