// Memory of the hashing module: one arena, from the end of the static data on. Nothing is given back while an image is
// hashed, which takes little more than its pixels. arena_wipe() then overwrites all of it, so that no pixel, row sum or
// coefficient outlives its image.
#include "arena.h"

#include <cstring>
#include <new>

extern "C" unsigned char __heap_base;

namespace {

constexpr uintptr_t kPage = 65536;
// 2 GiB: above, addresses would no longer be positive numbers of 32 bits in JavaScript.
constexpr uintptr_t kMost = uintptr_t{1} << 31;

uintptr_t start() { return (reinterpret_cast<uintptr_t>(&__heap_base) + 63) & ~uintptr_t{63}; }

uintptr_t next = 0;
uintptr_t highest = 0;

}  // namespace

void* arena_allocate(size_t size, size_t alignment) {
  if (next == 0) next = start();
  const uintptr_t at = (next + alignment - 1) & ~(uintptr_t{alignment} - 1);
  if (size > kMost || at > kMost - size) return nullptr;
  const uintptr_t end = at + size;
  const uintptr_t have = uintptr_t{__builtin_wasm_memory_size(0)} * kPage;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + kPage - 1) / kPage) == SIZE_MAX) return nullptr;
  next = end;
  if (end > highest) highest = end;
  return reinterpret_cast<void*>(at);
}

void arena_wipe() {
  if (highest > start()) std::memset(reinterpret_cast<void*>(start()), 0, highest - start());
  next = highest = start();
}

void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return arena_allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void*, std::align_val_t) noexcept {}
void operator delete(void*, size_t, std::align_val_t) noexcept {}
