"""Clients of the Python SDK 2: both eras, over stdio and HTTP.

    both_eras.py PROGRAM
"""

import sys

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.subscriptions import PromptsListChanged

from program import FLAGS, PATIENCE, PROMPT, RESOURCE, TOOLS, includes, program, same

# The SDK's mode, and the revision that it has to end in.
MODES = {"auto": "2026-07-28", "2026-07-28": "2026-07-28", "legacy": "2025-11-25"}


async def uses(client, revision):
    same(client.protocol_version, revision)
    includes([tool.name for tool in (await client.list_tools()).tools], TOOLS)
    includes([prompt.name for prompt in (await client.list_prompts()).prompts], ["test-simple-prompt"])
    includes([str(found.uri) for found in (await client.list_resources()).resources], [RESOURCE])
    templates = (await client.list_resource_templates()).resource_templates
    same([template.uri_template for template in templates], ["skill://{name}/{+path}"])

    answer = await client.call_tool("conformance__test_simple_text")
    same(answer.content[0].text, "This is a simple text response for testing.")
    same(bool(answer.is_error), False)
    answer = await client.call_tool("conformance__test_structured_content")
    same(answer.structured_content, {"temperature": 22.5, "unit": "celsius"})
    answer = await client.call_tool("conformance__test_multiple_content_types")
    same([block.type for block in answer.content], ["text", "image", "resource"])
    answer = await client.call_tool("conformance__test_error_handling")
    same((answer.is_error, answer.content[0].text), (True, "This tool intentionally returns an error for testing"))
    answer = await client.call_tool("conformance__test_header_parameter", {"region": "Zürich"})
    same(answer.structured_content, {"region": "Zürich"})
    answer = await client.call_tool("conformance__test_header_parameter", {"region": 1})
    same(answer.is_error, True)

    progress = []

    async def told(done, total, _message):
        progress.append((done, total))

    await client.call_tool("conformance__test_tool_with_progress", progress_callback=told)
    assert len(progress) >= 2, progress
    same(progress, sorted(set(progress)))

    read = await client.read_resource(RESOURCE)
    assert PROMPT in read.contents[0].text, read
    prompt = await client.get_prompt("test-prompt-with-arguments", {"arg1": "one", "arg2": "two"})
    same(prompt.messages[0].content.text.strip(), "Prompt with arguments: arg1='one', arg2='two'")
    completed = await client.complete(
        types.PromptReference(type="ref/prompt", name="test-prompt-with-arguments"),
        {"name": "arg1", "value": "o"},
    )
    same(completed.completion.values, [])


async def uses_what_came_later(client, name):
    listed = await client.list_prompts(cache_mode="refresh")
    includes([prompt.name for prompt in listed.prompts], [name])
    prompt = await client.get_prompt(name)
    same(prompt.messages[0].content.text.strip(), f"Words of {name}.")
    answer = await client.call_tool(f"skill__{name}")
    same(answer.content[0].text.strip(), f"Words of {name}.")


async def hears_of_changes(client, tested, heard):
    """Adds a skill while the client is connected."""
    if client.protocol_version == "2026-07-28":
        async with client.listen(prompts_list_changed=True) as subscription:
            tested.add_skill("heard-of")
            event = await anext(subscription)
            assert isinstance(event, PromptsListChanged), event
    else:
        tested.add_skill("heard-of")
        await heard.wait()
    await uses_what_came_later(client, "heard-of")


async def check(server, tested, mode):
    heard = anyio.Event()

    async def handler(message):
        if isinstance(message, types.PromptListChangedNotification):
            heard.set()

    with anyio.fail_after(PATIENCE):
        async with Client(server, mode=mode, message_handler=handler) as client:
            await uses(client, MODES[mode])
            await hears_of_changes(client, tested, heard)


async def main(path):
    for mode, revision in MODES.items():
        with program(path) as tested:
            stdio = StdioServerParameters(command=path, args=["mcp", *FLAGS], env=tested.environment)
            await check(stdio, tested, mode)
            print(f"stdio, {mode}: {revision}, all done")
        with program(path) as tested, tested.over_http() as url:
            await check(url, tested, mode)
            print(f"HTTP, {mode}: {revision}, all done")


anyio.run(main, sys.argv[1])
