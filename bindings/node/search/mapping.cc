#include "mapping.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>

#if defined(_WIN32)
#include <io.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace binding {

#if defined(__linux__)
using Residency = unsigned char;  // what mincore fills
#elif !defined(_WIN32)
using Residency = char;
#endif

#if defined(_WIN32)
Mapping* Mapping::open(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return nullptr;
  Mapping* mapping = nullptr;
  if (_fseeki64(file, 0, SEEK_END) == 0 && _ftelli64(file) > 0) {
    const size_t size = static_cast<size_t>(_ftelli64(file));
    auto* data = static_cast<uint8_t*>(::operator new (size, std::align_val_t{4096}, std::nothrow));
    if (data != nullptr && _fseeki64(file, 0, SEEK_SET) == 0 && std::fread(data, 1, size, file) == size)
      mapping = new (std::nothrow) Mapping(data, size);
    if (mapping == nullptr) ::operator delete (data, std::align_val_t{4096});
  }
  std::fclose(file);
  return mapping;
}

void Mapping::release(void* context) {
  Mapping* mapping = static_cast<Mapping*>(context);
  ::operator delete (const_cast<uint8_t*>(mapping->data_), std::align_val_t{4096});
  delete mapping;
}

size_t Mapping::resident(void* context) { return static_cast<Mapping*>(context)->size_; }

int write_to_descriptor(void* context, const void* data, size_t size) {
  const int descriptor = *static_cast<const int*>(context);
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const int n = _write(descriptor, at, static_cast<unsigned>(size < (1u << 30) ? size : 1u << 30));
    if (n <= 0) return 1;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}
#else
Mapping* Mapping::open(const char* path) {
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  Mapping* mapping = nullptr;
  // Not fstat: its symbol is of glibc 2.33, and nothing else here needs one that new.
  const off_t end = lseek(descriptor, 0, SEEK_END);
  if (end > 0) {
    const size_t size = static_cast<size_t>(end);
    void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (data != MAP_FAILED) {
#if defined(MADV_RANDOM)
      // Probes are scattered, so reading ahead would only evict other pages.
      madvise(data, size, MADV_RANDOM);
#endif
      mapping = new (std::nothrow) Mapping(static_cast<const uint8_t*>(data), size);
      if (mapping == nullptr) munmap(data, size);
    }
  }
  ::close(descriptor);
  return mapping;
}

void Mapping::release(void* context) {
  Mapping* mapping = static_cast<Mapping*>(context);
  munmap(const_cast<uint8_t*>(mapping->data_), mapping->size_);
  delete mapping;
}

size_t Mapping::resident(void* context) {
  const Mapping* mapping = static_cast<Mapping*>(context);
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), pages = (mapping->size_ + page - 1) / page;
  std::unique_ptr<Residency[]> in_memory(new (std::nothrow) Residency[pages]);
  void* data = const_cast<uint8_t*>(mapping->data_);
  if (!in_memory || mincore(data, mapping->size_, in_memory.get()) != 0) return 0;
  size_t count = 0;
  for (size_t i = 0; i < pages; ++i) count += static_cast<size_t>(in_memory[i]) & 1;
  return count * page;
}

int write_to_descriptor(void* context, const void* data, size_t size) {
  const int descriptor = *static_cast<const int*>(context);
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(descriptor, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 1;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}
#endif

}  // namespace binding
