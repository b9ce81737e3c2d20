// The part of the C library that the generated bindings use; memory.c defines it.
#pragma once

#include <stddef.h>

void *malloc(size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
_Noreturn void abort(void);
