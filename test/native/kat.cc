// The known answers on every kernel this processor runs: hash, quality, eight dihedral hashes, and the checksums of
// luma, grid and coefficients by the exact method; the automatic one must agree. Input: records.mjs. Prints one line a
// kernel.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../../native/empreinte.h"

namespace {

struct Fnv {
  uint32_t h = 0x811c9dc5;
  void add(const void* data, size_t n) {
    for (size_t i = 0; i < n; ++i) h = (h ^ static_cast<const uint8_t*>(data)[i]) * 0x01000193;
  }
  std::string text() const {
    char out[9];
    std::snprintf(out, sizeof(out), "%08x", h);
    return out;
  }
};

std::string hex(const uint8_t* hash) {
  char out[64];
  emp_hash_to_hex(hash, out);
  return std::string(out, 64);
}

struct Record {
  char id[64], hash[65], luma[9], grid[9], dct[9], dihedral[8][65];
  unsigned width, height, channels;
  int quality;
};

int failures = 0;
void expect(const char* kernel, const Record& r, const char* what, const std::string& got, const std::string& wanted) {
  if (got == wanted) return;
  ++failures;
  std::printf("FAIL %s %s %s: got %.8s, wanted %.8s\n", kernel, r.id, what, got.c_str(), wanted.c_str());
}

void check(const emp_kernel* kernel, const Record& r, const std::vector<uint8_t>& samples) {
  const char* name = emp_kernel_name(kernel);
  const emp_pixels p = {samples.data(), samples.size(), r.width, r.height, r.channels, size_t{r.width} * r.channels};
  emp_hash_options options = {kernel, EMP_METHOD_EXACT, EMP_COMPAT_NONE, 1, {nullptr, nullptr}};
  emp_hash_result exact, automatic;
  static emp_hash_trace trace;
  if (emp_hash_traced(&p, &options, &exact, &trace) != EMP_OK) expect(name, r, "status", "error", "ok");
  expect(name, r, "hash", hex(exact.hash), r.hash);
  expect(name, r, "quality", std::to_string(exact.quality), std::to_string(r.quality));
  for (int v = 0; v < 8; ++v) expect(name, r, "dihedral", hex(exact.dihedral[v]), r.dihedral[v]);
  if (std::strcmp(r.luma, "-") != 0) {
    Fnv luma, grid, dct;
    std::vector<float> row(r.width);
    for (unsigned y = 0; y < r.height; ++y) {
      emp_luma_row(&p, kernel, y, row.data());
      luma.add(row.data(), row.size() * sizeof(float));
    }
    grid.add(trace.grid, sizeof(trace.grid));
    dct.add(trace.coefficients, sizeof(trace.coefficients));
    expect(name, r, "luma", luma.text(), r.luma);
    expect(name, r, "grid", grid.text(), r.grid);
    expect(name, r, "dct", dct.text(), r.dct);
  }
  options.method = EMP_METHOD_AUTO;
  if (emp_hash(&p, &options, &automatic) != EMP_OK) expect(name, r, "status", "error", "ok");
  automatic.method_used = exact.method_used;
  if (std::memcmp(&automatic, &exact, sizeof(exact)) != 0)
    expect(name, r, "automatic method", hex(automatic.hash), hex(exact.hash));
}

}  // namespace

// Argument: check every n-th vector only.
int main(int argc, char** argv) {
  const int every = argc > 1 ? std::atoi(argv[1]) : 1;
  int number = 0;
  Record r;
  std::vector<uint8_t> samples;
  int count = 0;
  while (std::scanf("%63s %u %u %u %64s %d %8s %8s %8s", r.id, &r.width, &r.height, &r.channels, r.hash, &r.quality,
                    r.luma, r.grid, r.dct) == 9) {
    for (auto& d : r.dihedral)
      if (std::scanf("%64s", d) != 1) return 2;
    if (std::getchar() != '\n') return 2;
    samples.resize(size_t{r.width} * r.height * r.channels);
    if (std::fread(samples.data(), 1, samples.size(), stdin) != samples.size()) return 2;
    if (number++ % every != 0) continue;
    for (size_t k = 0; k < emp_kernel_count(); ++k)
      if (emp_kernel_supported(emp_kernel_at(k))) check(emp_kernel_at(k), r, samples);
    ++count;
  }
  for (size_t k = 0; k < emp_kernel_count(); ++k) {
    const emp_kernel* kernel = emp_kernel_at(k);
    std::printf("%s: %s\n", emp_kernel_name(kernel),
                emp_kernel_supported(kernel) ? "checked" : "not on this processor");
  }
  std::printf("%d vectors, %d failures\n", count, failures);
  return failures == 0 && count > 0 ? 0 : 1;
}
