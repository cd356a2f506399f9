// The crossovers of this process: those measured when this was written, until a caller gives those of its machine
// (`empreinte index bench --crossovers`).
#include "planner.h"

#include <atomic>

namespace empreinte {
namespace {

constexpr emp_crossover kBuiltIn[] = {
    {15, 4096, 4096},     {23, 4096, 6144},     {31, 20480, 20480},     {39, 98304, 131072},    {47, 98304, 65536},
    {55, 114688, 114688}, {63, 196608, 196608}, {67, 1572864, 1572864}, {71, 4194304, 4194304},
};

// A search may read a crossover while another thread replaces it. It then chooses another strategy, with the same
// answer, so that each number is atomic and the list is not.
struct AtomicCrossover {
  std::atomic<uint32_t> radius, single, batch;
};
AtomicCrossover given[EMP_MOST_CROSSOVERS];
std::atomic<size_t> given_count{0};  // 0: the built-in ones are in use

}  // namespace

uint32_t crossover(uint32_t radius, bool batch) {
  const size_t count = given_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i)
    if (radius <= given[i].radius.load(std::memory_order_relaxed))
      return (batch ? given[i].batch : given[i].single).load(std::memory_order_relaxed);
  if (count > 0) return kNever;
  for (const emp_crossover& c : kBuiltIn)
    if (radius <= c.radius) return batch ? c.batch : c.single;
  return kNever;
}

}  // namespace empreinte

using namespace empreinte;

emp_status emp_crossovers_set(const emp_crossover* crossovers, size_t count) {
  if (count > EMP_MOST_CROSSOVERS) return EMP_BAD_OPTION;
  for (size_t i = 0; i < count; ++i) {
    if (crossovers[i].radius > 256) return EMP_BAD_RADIUS;
    if (i > 0 && crossovers[i].radius <= crossovers[i - 1].radius) return EMP_BAD_OPTION;
  }
  for (size_t i = 0; i < count; ++i) {
    given[i].radius.store(crossovers[i].radius, std::memory_order_relaxed);
    given[i].single.store(crossovers[i].single, std::memory_order_relaxed);
    given[i].batch.store(crossovers[i].batch, std::memory_order_relaxed);
  }
  given_count.store(count, std::memory_order_release);
  return EMP_OK;
}
