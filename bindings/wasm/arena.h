#pragma once
#include <cstddef>
#include <cstdint>

// Returns memory, zeroed when it was wiped before, or null when there is no more.
void* arena_allocate(size_t size, size_t alignment);
// Overwrites all memory that was allocated, and gives it back.
void arena_wipe();
