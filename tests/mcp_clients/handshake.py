"""Clients of the Python SDK 1, which knows only the handshake, over stdio and HTTP.

    handshake.py PROGRAM
"""

import sys

import anyio
import mcp.types as types
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from program import FLAGS, PATIENCE, PROMPT, RESOURCE, TOOLS, includes, program, same


async def uses(session):
    same((await session.initialize()).protocolVersion, "2025-11-25")
    await session.send_ping()
    includes([tool.name for tool in (await session.list_tools()).tools], TOOLS)
    includes([prompt.name for prompt in (await session.list_prompts()).prompts], ["test-simple-prompt"])
    includes([str(found.uri) for found in (await session.list_resources()).resources], [RESOURCE])

    answer = await session.call_tool("conformance__test_simple_text")
    same((answer.isError, answer.content[0].text), (False, "This is a simple text response for testing."))
    answer = await session.call_tool("conformance__test_structured_content")
    same(answer.structuredContent, {"temperature": 22.5, "unit": "celsius"})
    answer = await session.call_tool("conformance__test_multiple_content_types")
    same([block.type for block in answer.content], ["text", "image", "resource"])
    answer = await session.call_tool("conformance__test_error_handling")
    same((answer.isError, answer.content[0].text), (True, "This tool intentionally returns an error for testing"))

    progress = []

    async def told(done, total, _message):
        progress.append((done, total))

    await session.call_tool("conformance__test_tool_with_progress", progress_callback=told)
    assert len(progress) >= 2, progress
    same(progress, sorted(set(progress)))

    read = await session.read_resource(RESOURCE)
    assert PROMPT in read.contents[0].text, read
    prompt = await session.get_prompt("test-prompt-with-arguments", {"arg1": "one", "arg2": "two"})
    same(prompt.messages[0].content.text.strip(), "Prompt with arguments: arg1='one', arg2='two'")


async def check(streams, tested):
    heard = anyio.Event()

    async def handler(message):
        if isinstance(getattr(message, "root", None), types.PromptListChangedNotification):
            heard.set()

    with anyio.fail_after(PATIENCE):
        async with streams as (read, write, *_), ClientSession(read, write, message_handler=handler) as session:
            await uses(session)
            tested.add_skill("heard-of")
            await heard.wait()
            includes([prompt.name for prompt in (await session.list_prompts()).prompts], ["heard-of"])
            prompt = await session.get_prompt("heard-of")
            same(prompt.messages[0].content.text.strip(), "Words of heard-of.")


async def main(path):
    with program(path) as tested:
        stdio = StdioServerParameters(command=path, args=["mcp", *FLAGS], env=tested.environment)
        await check(stdio_client(stdio), tested)
        print("stdio: 2025-11-25, all done")
    with program(path) as tested, tested.over_http() as url:
        await check(streamable_http_client(url), tested)
        print("HTTP: 2025-11-25, all done")


anyio.run(main, sys.argv[1])
