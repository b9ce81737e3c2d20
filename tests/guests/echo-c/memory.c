// A heap and the few functions on bytes that a guest without a C library needs.
//
// Every block has a header with its size. Free blocks stand in a list and are taken again by the
// first request that they are large enough for, whole.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536u

typedef struct block {
  size_t size;
  struct block *next;
} block;

// The linker's first byte after stack and static data.
extern uint8_t __heap_base;

static block *unused;
static uintptr_t frontier;

static block *extend(size_t size) {
  if (frontier == 0) frontier = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  uintptr_t start = frontier;
  uintptr_t end = start + sizeof(block) + size;
  if (end < start) return NULL;
  size_t pages = (end + PAGE - 1) / PAGE;
  size_t present = __builtin_wasm_memory_size(0);
  if (pages > present && __builtin_wasm_memory_grow(0, pages - present) == SIZE_MAX) return NULL;
  frontier = end;
  block *made = (block *)start;
  made->size = size;
  return made;
}

void *malloc(size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size = (size + 15) & ~(size_t)15;
  for (block **link = &unused; *link; link = &(*link)->next) {
    block *found = *link;
    if (found->size >= size) {
      *link = found->next;
      return found + 1;
    }
  }
  block *made = extend(size);
  return made ? made + 1 : NULL;
}

void free(void *pointer) {
  if (!pointer) return;
  block *freed = (block *)pointer - 1;
  freed->next = unused;
  unused = freed;
}

void *realloc(void *pointer, size_t size) {
  size_t present = pointer ? ((block *)pointer - 1)->size : 0;
  if (pointer && size <= present) return pointer;
  void *moved = malloc(size);
  if (moved && pointer) {
    memcpy(moved, pointer, present);
    free(pointer);
  }
  return moved;
}

_Noreturn void abort(void) { __builtin_trap(); }

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  for (size_t at = 0; at < size; at++) ((uint8_t *)to)[at] = ((const uint8_t *)from)[at];
  return to;
}

int memcmp(const void *left, const void *right, size_t size) {
  const uint8_t *l = left, *r = right;
  for (size_t at = 0; at < size; at++) {
    if (l[at] != r[at]) return l[at] - r[at];
  }
  return 0;
}
