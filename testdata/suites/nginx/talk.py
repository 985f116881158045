#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# talk.py raw ADDRESS PORT: sends its standard input, prints what comes until the connection ends.
# talk.py websocket ADDRESS PORT HOST [tls]: opens a WebSocket, says "hello" and then "again", and
# prints the status and what came back.
import os
import socket
import ssl
import sys


def websocket(s, host):
    s.sendall(b"GET /chat?a=b HTTP/1.1\r\nHost: " + host.encode() + b"\r\nUpgrade: websocket\r\n"
              b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        more = s.recv(1)
        if not more:
            break
        head += more
    said = [head.split(b" ", 2)[1].decode()]
    if said[0] == "101":
        if b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" not in head:
            said.append("wrong-key")
        for text in (b"hello", b"again"):
            mask = os.urandom(4)
            s.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(text)))
            frame = s.recv(2)
            said.append(s.recv(frame[1]).decode())
    print(" ".join(said))


def main():
    s = socket.create_connection((sys.argv[2], int(sys.argv[3])), 8)
    if sys.argv[1] == "websocket":
        if len(sys.argv) > 5:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            s = context.wrap_socket(s, server_hostname=sys.argv[4])
        websocket(s, sys.argv[4])
        return
    s.sendall(sys.stdin.buffer.read())
    while True:
        more = s.recv(65536)
        if not more:
            break
        sys.stdout.buffer.write(more)


try:
    main()
except BrokenPipeError:
    pass
