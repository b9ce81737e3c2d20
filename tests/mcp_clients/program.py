"""The program under test, with a home of its own, and what every client asks of it."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["--no-bundled", "--plugins", str(HERE.parent / "guests" / "conformance")]
# Seconds in which every step has to be done. None takes a tenth of it; a change is told within one second.
PATIENCE = 20

TOOLS = {"conformance__test_simple_text", "conformance__test_error_handling", "skill__test-simple-prompt"}
PROMPT = "This is a simple prompt for testing."
RESOURCE = "skill://test-simple-prompt/SKILL.md"


class Program:
    """Where the program is, and the `$WEFT_HOME` that it gets."""

    def __init__(self, path, home):
        self.path = path
        self.home = home

    @property
    def environment(self):
        return {**os.environ, "WEFT_HOME": str(self.home)}

    @contextlib.contextmanager
    def over_http(self):
        """Starts it as a server, and gives its address."""
        command = [self.path, "run", "--mcp", "127.0.0.1:0", *FLAGS]
        with subprocess.Popen(
            command, env=self.environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        ) as server:
            try:
                said = []
                for line in server.stderr:
                    said.append(line)
                    if found := re.match(r"serving MCP at (\S+)", line):
                        yield found[1]
                        break
                else:
                    raise AssertionError(f"the server did not start: {said}")
            finally:
                server.terminate()

    def add_skill(self, name):
        """Adds a skill as an editor does: the file appears as a whole."""
        folder = self.home / "skills" / name
        folder.mkdir(parents=True)
        draft = folder / "draft"
        draft.write_text(f"---\nname: {name}\ndescription: Came later.\n---\nWords of {name}.\n")
        draft.rename(folder / "SKILL.md")


@contextlib.contextmanager
def program(path):
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        shutil.copytree(HERE / "skills", home / "skills")
        yield Program(path, home)


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {json.dumps(got, default=str)}, not {json.dumps(wanted, default=str)}")


def includes(got, wanted):
    if not set(wanted) <= set(got):
        raise AssertionError(f"{sorted(wanted)} are not all in {sorted(got)}")
