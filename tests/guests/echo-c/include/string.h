// The part of the C library that the generated bindings use; memory.c defines it.
#pragma once

#include <stddef.h>

size_t strlen(const char *text);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
int memcmp(const void *left, const void *right, size_t size);
