"""Serves a small language model on loopback, as llama.cpp's own server does it.

usage: serve.py MODEL.gguf

It prints the address once it listens, and ends when its standard input is closed.

The chat template of so small a model knows no tools, and this server then ignores `tool_choice: required`. So a
request with it is passed on as one for JSON by a grammar: which tool, and with which arguments, the model says. Its
reply comes as the call that it is. All other requests and replies are passed on as they are.
"""

import http.server
import json
import socket
import sys
import threading
import urllib.request

import xllamacpp


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call_schema(tool):
    """The schema of a call of this tool."""
    function = tool["function"]
    return {
        "type": "object",
        "properties": {"name": {"const": function["name"]}, "arguments": function["parameters"]},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


class Relay(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.forward(None)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        request = json.loads(body)
        if request.get("tool_choice") == "required":
            self.call(request)
        else:
            self.forward(body)

    def upstream(self, body):
        headers = {"content-type": "application/json"} if body else {}
        return urllib.request.urlopen(urllib.request.Request(upstream + self.path, body, headers))

    def forward(self, body):
        with self.upstream(body) as reply:
            self.begin(reply.headers["content-type"])
            while part := reply.read1():
                self.wfile.write(part)
                self.wfile.flush()

    def call(self, request):
        tools = request.pop("tools")
        del request["tool_choice"]
        request["stream"] = False
        schema = {"name": "call", "schema": {"anyOf": [call_schema(tool) for tool in tools]}}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
        with self.upstream(json.dumps(request).encode()) as reply:
            content = json.load(reply)["choices"][0]["message"]["content"]
        call = json.loads(content)
        call["arguments"] = json.dumps(call["arguments"])
        calls = [{"index": 0, "id": "call-1", "type": "function", "function": call}]
        self.begin("text/event-stream")
        for delta, finish in [({"tool_calls": calls}, None), ({}, "tool_calls")]:
            event = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def begin(self, content_type):
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.end_headers()

    def log_message(self, *_):
        pass


params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 8192
params.port = free_port()
server = xllamacpp.Server(params)
upstream = server.listening_address
relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
threading.Thread(target=relay.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{relay.server_port}", flush=True)
sys.stdin.read()
