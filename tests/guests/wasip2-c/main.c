// A guest in C with a whole C library: its calls of WASI's first preview become a component of the
// second by the adapter that `tools/` puts in.

#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char description[] =
    "{\"name\":\"wasip2-c\",\"version\":\"0.1.0\",\"tools\":["
    "{\"name\":\"greet\",\"description\":\"Gives the parameters back, and prints their length.\"},"
    "{\"name\":\"nap\",\"description\":\"Sleeps for 20 ms: {slept_ms, unix_seconds}.\"},"
    "{\"name\":\"env\",\"description\":\"What there is of an environment: {home, file}.\"},"
    "{\"name\":\"exit\",\"description\":\"Ends the process.\"}]}";

static bool is(const plugin_string_t *text, const char *word) {
  size_t length = strlen(word);
  return text->len == length && memcmp(text->ptr, word, length) == 0;
}

static long long milliseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void nap(plugin_string_t *ret) {
  const struct timespec twenty = {.tv_nsec = 20 * 1000 * 1000};
  char text[100];
  long long start = milliseconds(CLOCK_MONOTONIC);
  nanosleep(&twenty, NULL);
  snprintf(text, sizeof text, "{\"slept_ms\":%lld,\"unix_seconds\":%lld}",
           milliseconds(CLOCK_MONOTONIC) - start, (long long)time(NULL));
  plugin_string_dup(ret, text);
}

static void env(plugin_string_t *ret) {
  char text[100];
  FILE *file = fopen("/etc/passwd", "r");
  snprintf(text, sizeof text, "{\"home\":%s,\"file\":%s}", getenv("HOME") ? "true" : "false",
           file ? "true" : "false");
  plugin_string_dup(ret, text);
}

bool plugin_init(plugin_string_t *err) {
  (void)err;
  return true;
}

// The parameters belong to this function, so it frees them or passes them on.
bool plugin_execute_tool(plugin_string_t *tool_name, plugin_string_t *params_json,
                         plugin_string_t *ret, plugin_string_t *err) {
  bool ok = true;
  if (is(tool_name, "greet")) {
    printf("%zu bytes\n", params_json->len);
    *ret = *params_json;
    plugin_string_free(tool_name);
    return true;
  }
  if (is(tool_name, "nap")) {
    nap(ret);
  } else if (is(tool_name, "env")) {
    env(ret);
  } else if (is(tool_name, "exit")) {
    exit(3);
  } else {
    plugin_string_dup(err, "wasip2-c has no such tool");
    ok = false;
  }
  plugin_string_free(tool_name);
  plugin_string_free(params_json);
  return ok;
}

void plugin_describe(plugin_string_t *ret) { plugin_string_dup(ret, description); }
