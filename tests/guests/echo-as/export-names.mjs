// Gives the exports the names that the ABI wants: plugin_execute_tool becomes plugin#execute-tool.
//
// node export-names.mjs IN.wasm OUT.wasm

import { readFileSync, writeFileSync } from "node:fs";

const EXPORT_SECTION = 7;

const [input, output] = process.argv.slice(2);
const module = readFileSync(input);
const parts = [module.subarray(0, 8)];

for (let at = 8; at < module.length;) {
  const id = module[at];
  const size = readNumber(module, at + 1);
  const body = module.subarray(size.end, size.end + size.value);
  const renamed = id === EXPORT_SECTION ? renameExports(body) : body;
  parts.push(Buffer.from([id, ...writeNumber(renamed.length)]), renamed);
  at = size.end + size.value;
}
writeFileSync(output, Buffer.concat(parts));

function renameExports(section) {
  const count = readNumber(section, 0);
  const parts = [section.subarray(0, count.end)];
  for (let at = count.end; at < section.length;) {
    const length = readNumber(section, at);
    const nameEnd = length.end + length.value;
    const name = Buffer.from(abiName(section.toString("utf8", length.end, nameEnd)));
    // After the name: a byte for the kind and the index.
    const end = readNumber(section, nameEnd + 1).end;
    parts.push(Buffer.from(writeNumber(name.length)), name, section.subarray(nameEnd, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function abiName(name) {
  const match = /^(cabi_post_)?plugin_(\w+)$/.exec(name);
  return match ? `${match[1] ?? ""}plugin#${match[2].replaceAll("_", "-")}` : name;
}

// Unsigned LEB128.
function readNumber(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

function writeNumber(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
