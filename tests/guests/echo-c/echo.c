// A guest in C: echoes, changes to capitals, and reads a file through the host.

#include "plugin.h"

#include <stdlib.h>
#include <string.h>

static const char description[] =
    "{\"name\":\"echo-c\",\"version\":\"0.1.0\",\"tools\":["
    "{\"name\":\"echo\",\"description\":\"Gives the parameters back.\","
    "\"input_schema\":{\"type\":\"object\"},\"read_only\":true},"
    "{\"name\":\"upper\",\"description\":\"The text with ASCII capitals: {text}.\","
    "\"input_schema\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
    "\"required\":[\"text\"]},\"read_only\":true},"
    "{\"name\":\"read\",\"description\":\"Reads a file: {length} in bytes.\","
    "\"input_schema\":{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},"
    "\"required\":[\"path\"]},\"read_only\":true}]}";

static bool is(const plugin_string_t *text, const char *word) {
  size_t length = strlen(word);
  return text->len == length && memcmp(text->ptr, word, length) == 0;
}

// The first string after a colon, as it stands between its quotes. Enough for the parameters here,
// which have one member; escapes stay escapes.
static bool only_string(const plugin_string_t *params, plugin_string_t *string) {
  size_t start = 0;
  while (start < params->len && params->ptr[start] != ':') start++;
  while (start < params->len && params->ptr[start] != '"') start++;
  size_t end = ++start;
  while (end < params->len && params->ptr[end] != '"') end += params->ptr[end] == '\\' ? 2 : 1;
  if (end >= params->len) return false;
  string->ptr = params->ptr + start;
  string->len = end - start;
  return true;
}

// Letters in an escape such as \n keep their meaning only as they are.
static void to_capitals(plugin_string_t *text) {
  for (size_t at = 0; at < text->len; at++) {
    uint8_t *byte = text->ptr + at;
    if (*byte == '\\') {
      at += at + 1 < text->len && text->ptr[at + 1] == 'u' ? 5 : 1;
    } else if (*byte >= 'a' && *byte <= 'z') {
      *byte -= 'a' - 'A';
    }
  }
}

static void join(plugin_string_t *ret, const char *before, const plugin_string_t *inside,
                 const char *after) {
  size_t head = strlen(before), tail = strlen(after);
  ret->len = head + inside->len + tail;
  ret->ptr = malloc(ret->len);
  if (!ret->ptr) abort();
  memcpy(ret->ptr, before, head);
  memcpy(ret->ptr + head, inside->ptr, inside->len);
  memcpy(ret->ptr + head + inside->len, after, tail);
}

static void decimal(size_t number, char digits[11], plugin_string_t *text) {
  size_t start = 11;
  do {
    digits[--start] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  text->ptr = (uint8_t *)digits + start;
  text->len = 11 - start;
}

bool plugin_init(plugin_string_t *err) {
  (void)err;
  return true;
}

static bool read(plugin_string_t *path, plugin_string_t *ret, plugin_string_t *err) {
  plugin_string_t content, length;
  char digits[11];
  if (!host_read_file(path, &content, err)) return false;
  decimal(content.len, digits, &length);
  plugin_string_free(&content);
  join(ret, "{\"length\":", &length, "}");
  return true;
}

// The parameters belong to this function, so it frees them or passes them on.
bool plugin_execute_tool(plugin_string_t *tool_name, plugin_string_t *params_json,
                         plugin_string_t *ret, plugin_string_t *err) {
  plugin_string_t argument;
  bool ok = true;
  if (is(tool_name, "echo")) {
    *ret = *params_json;
    plugin_string_free(tool_name);
    return true;
  }
  if (!is(tool_name, "upper") && !is(tool_name, "read")) {
    join(err, "echo-c has no tool `", tool_name, "`");
    ok = false;
  } else if (!only_string(params_json, &argument)) {
    plugin_string_dup(err, "expected an object with one string");
    ok = false;
  } else if (is(tool_name, "upper")) {
    to_capitals(&argument);
    join(ret, "{\"text\":\"", &argument, "\"}");
  } else {
    ok = read(&argument, ret, err);
  }
  plugin_string_free(tool_name);
  plugin_string_free(params_json);
  return ok;
}

void plugin_describe(plugin_string_t *ret) { plugin_string_dup(ret, description); }
