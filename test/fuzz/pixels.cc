// Pixels and geometry. Every kernel this processor runs, by the exact and the automatic method, must give one answer; a
// geometry that the check refuses must be refused by hashing too, and one it accepts must stay inside the buffer (which
// is of exactly the size given, so that the sanitizer sees a byte read too far).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "../../native/empreinte.h"

namespace {

void must(bool good, const char* what, const char* kernel = "") {
  if (good) return;
  std::fprintf(stderr, "%s %s\n", what, kernel);
  std::abort();
}

// The input from its beginning, zeros after its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint64_t take(int bytes) {
    uint64_t value = 0;
    for (; bytes > 0; --bytes) value = value << 8 | (size_ > 0 ? (--size_, *data_++) : 0u);
    return value;
  }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const uint8_t* data_;
  size_t size_;
};

bool same(const emp_hash_result& a, const emp_hash_result& b, bool dihedral) {
  return std::memcmp(a.hash, b.hash, sizeof(a.hash)) == 0 && a.quality == b.quality && a.stable == b.stable &&
         (!dihedral || std::memcmp(a.dihedral, b.dihedral, sizeof(a.dihedral)) == 0);
}

void check_kernels(const emp_pixels& pixels, emp_compat compat, bool dihedral) {
  emp_hash_result first;
  bool have = false;
  for (size_t i = emp_kernel_count(); i-- > 0;) {  // portable first
    const emp_kernel* kernel = emp_kernel_at(i);
    if (!emp_kernel_supported(kernel)) continue;
    for (const emp_method method : {EMP_METHOD_EXACT, EMP_METHOD_AUTO}) {
      const emp_hash_options options = {kernel, method, compat, dihedral ? 1 : 0, {nullptr, nullptr}};
      emp_hash_result result;
      must(emp_hash(&pixels, &options, &result) == EMP_OK, "no hash", emp_kernel_name(kernel));
      must(result.quality >= 0 && result.quality <= 100, "quality", emp_kernel_name(kernel));
      if (!have) first = result;
      have = true;
      must(same(first, result, dihedral),
           method == EMP_METHOD_AUTO ? "the automatic method differs" : "the exact method differs",
           emp_kernel_name(kernel));
    }
  }
}

// Sides mostly below 97, sometimes one long: the filter's window grows with the side.
void check_image(Input in) {
  const uint64_t flags = in.take(1);
  uint32_t width = 1 + static_cast<uint32_t>(in.take(1)) % 96, height = 1 + static_cast<uint32_t>(in.take(1)) % 96;
  const uint32_t longer = static_cast<uint32_t>(in.take(2)) % 2000;
  if ((flags & 3) == 1) width += longer, height = 1 + height % 12;
  if ((flags & 3) == 2) height += longer, width = 1 + width % 12;
  if ((flags & 3) == 3) width += longer % 112, height += longer % 112;
  const uint32_t channels = std::min<uint32_t>(static_cast<uint32_t>(flags >> 2 & 3) + 1, 4);
  const size_t row = size_t{width} * (channels == 2 ? 1 : channels), stride = row + in.take(1) % 40;
  const size_t size = stride * (height - 1) + row;

  const std::unique_ptr<uint8_t[]> samples(new uint8_t[size]);
  const uint64_t slope = in.take(1), seed = in.take(2);
  uint32_t state = static_cast<uint32_t>(seed) | 1;
  for (size_t i = 0; i < size; ++i) {
    const uint8_t given = in.size() > 0 ? in.data()[i % in.size()] : 0;
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    switch (flags >> 4 & 3) {
      case 0:  // the input's own bytes, again and again
        samples[i] = given;
        break;
      case 1:  // a gradient with the input's bytes as small steps: near ties
        samples[i] = static_cast<uint8_t>((i % stride * slope >> 5) + (i / stride * (seed & 255) >> 5) + (given & 3));
        break;
      case 2:  // noise
        samples[i] = static_cast<uint8_t>(state);
        break;
      default:  // blocks, each of one value
        samples[i] = in.size() > 0 ? in.data()[(i % stride / 13 + i / stride / 11 * 7) % in.size()] : 0;
    }
  }
  const emp_pixels pixels = {samples.get(), size, width, height, channels == 2 ? 1 : channels, stride};
  must(emp_pixels_check(&pixels) == EMP_OK, "a geometry that fits is refused");
  check_kernels(pixels, (flags & 192) == 192 ? EMP_COMPAT_CPP_CLI : EMP_COMPAT_NONE, (flags & 128) != 0);
}

void check_geometry(Input in) {
  const uint64_t shape = in.take(1);
  const int side = shape & 1 ? 4 : 1;
  const auto width = static_cast<uint32_t>(in.take(side)), height = static_cast<uint32_t>(in.take(side));
  const auto channels = static_cast<uint32_t>(in.take(shape & 2 ? 4 : 1));
  const size_t stride = static_cast<size_t>(in.take(shape & 4 ? 8 : 1));
  const std::unique_ptr<uint8_t[]> samples(new uint8_t[in.size()]);
  std::copy(in.data(), in.data() + in.size(), samples.get());
  const emp_pixels pixels = {samples.get(), in.size(), width, height, channels, stride};

  // What fits, in numbers that cannot overflow.
  using Wide = unsigned __int128;
  const Wide row = Wide{width} * channels, needed = Wide{stride} * (height - Wide{1}) + row;
  const bool fits = (channels == 1 || channels == 3 || channels == 4) && width >= 1 && height >= 1 &&
                    width <= 1u << 24 && height <= 1u << 24 && stride >= row && needed <= in.size();
  must((emp_pixels_check(&pixels) == EMP_OK) == fits, "the check is wrong about what fits");
  if (fits) return check_kernels(pixels, EMP_COMPAT_NONE, false);
  const emp_hash_options options = {nullptr, EMP_METHOD_AUTO, EMP_COMPAT_NONE, 0, {nullptr, nullptr}};
  emp_hash_result result;
  must(emp_hash(&pixels, &options, &result) == EMP_BAD_GEOMETRY, "a geometry that does not fit is hashed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Input in(data, size);
  if (in.take(1) % 4 == 3)
    check_geometry(in);
  else
    check_image(in);
  return 0;
}
