"""Serves a small language model on loopback, as llama.cpp's own server does it.

usage: serve.py MODEL.gguf

It prints the address once it listens, and ends when its standard input is closed.
"""

import socket
import sys

import xllamacpp


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 8192
params.port = free_port()
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
