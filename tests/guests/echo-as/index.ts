// A guest in AssemblyScript, against the core ABI by hand.
//
// Pointers from the host are blocks of `cabi_realloc`. AssemblyScript's own strings are UTF-16 and
// serve here only to measure one; everything else stays UTF-8 as it came. The compiler takes no `#`
// in names, so the exports are renamed after it by export-names.mjs.

// @ts-ignore: decorator
@external("host", "log")
declare function log(level: i32, message: usize, length: usize): void;

// Stands in for the compiler's imported one.
function abort(_message: usize, _file: usize, _line: u32, _column: u32): void {
  unreachable();
}

const DESCRIPTION = '{"name":"echo-as","version":"0.1.0","tools":['
  + '{"name":"echo","description":"Gives the parameters back.",'
  + '"input_schema":{"type":"object"},"read_only":true},'
  + '{"name":"log","description":"Logs the parameters at level info and gives them back.",'
  + '"input_schema":{"type":"object"},"read_only":true},'
  + '{"name":"length","description":"The length of the parameters: {utf8, utf16}.",'
  + '"input_schema":{"type":"object"},"read_only":true}]}';

// Whether _initialize ran: without it there is no description.
let description: ArrayBuffer = String.UTF8.encode(DESCRIPTION);

// The result of the call that runs: a tag, a pointer and a length.
const RESULT: usize = memory.data(12, 4);

export function cabi_realloc(old: usize, oldSize: usize, align: usize, newSize: usize): usize {
  return old == 0 ? heap.alloc(newSize) : heap.realloc(old, newSize);
}

export function plugin_init(): usize {
  return answer(false, 0, 0);
}

export function plugin_execute_tool(
  tool: usize, toolLength: usize, params: usize, paramsLength: usize,
): usize {
  const name = String.UTF8.decodeUnsafe(tool, toolLength);
  heap.free(tool);
  if (name == "echo") return answer(false, params, paramsLength);
  if (name == "log") {
    log(2, params, paramsLength);
    return answer(false, params, paramsLength);
  }
  if (name == "length") {
    const utf16 = String.UTF8.decodeUnsafe(params, paramsLength).length;
    heap.free(params);
    return answerText(false, '{"utf8":' + paramsLength.toString() + ',"utf16":' + utf16.toString() + "}");
  }
  heap.free(params);
  return answerText(true, "echo-as has no tool `" + name + "`");
}

export function plugin_describe(): usize {
  store<usize>(RESULT, changetype<usize>(description));
  store<usize>(RESULT, <usize>description.byteLength, 4);
  return RESULT;
}

// The description is kept; nothing is to be freed.
export function cabi_post_plugin_describe(_result: usize): void {}

export function cabi_post_plugin_init(_result: usize): void {}

export function cabi_post_plugin_execute_tool(result: usize): void {
  heap.free(load<usize>(result, 4));
  __collect();
}

function answer(failed: bool, text: usize, length: usize): usize {
  store<u8>(RESULT, failed ? 1 : 0);
  store<usize>(RESULT, text, 4);
  store<usize>(RESULT, length, 8);
  return RESULT;
}

function answerText(failed: bool, text: string): usize {
  const length = <usize>String.UTF8.byteLength(text);
  const copy = heap.alloc(length);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, copy);
  return answer(failed, copy, length);
}
