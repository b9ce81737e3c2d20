"""A server of the Python SDK with one tool, which gives a text back: what `cargo bench --bench mcp` measures
beside ours."""

from mcp.server.fastmcp import FastMCP

server = FastMCP("peer", log_level="ERROR")


@server.tool()
def echo(text: str) -> str:
    """Gives the text back."""
    return text


server.run()
