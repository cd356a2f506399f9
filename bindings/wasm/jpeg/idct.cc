// The inverse DCT of the reference's decoder, libjpeg's accurate integer method: the algorithm of Loeffler, Ligtenberg
// and Moschytz with constants of 13 bits, columns first, two more bits between the passes. Its vector code saturates
// between the passes, and so does this.
#include <cstring>

#include "frame.h"

namespace jpeg {
namespace {

constexpr int kConstBits = 13, kPassBits = 2;
constexpr int32_t fix(double x) { return static_cast<int32_t>(x * (1 << kConstBits) + 0.5); }

inline int32_t saturate16(int32_t x) { return x > 32767 ? 32767 : x < -32768 ? -32768 : x; }
inline uint8_t to_sample(int32_t x) {
  x += 128;
  return static_cast<uint8_t>(x < 0 ? 0 : x > 255 ? 255 : x);
}

// One pass over eight values, which are `Step` apart. The results have `shift` bits too many.
template <int Step>
inline void pass(const int32_t* in, int32_t (&out)[8], int shift) {
  const int32_t c1 = fix(0.541196100), c2 = fix(1.847759065), c3 = fix(0.765366865);
  const int32_t z2 = in[2 * Step], z3 = in[6 * Step];
  const int32_t z1 = (z2 + z3) * c1;
  const int32_t even2 = z1 - z3 * c2, even3 = z1 + z2 * c3;
  const int32_t even0 = (in[0] + in[4 * Step]) * (1 << kConstBits);
  const int32_t even1 = (in[0] - in[4 * Step]) * (1 << kConstBits);
  const int32_t a = even0 + even3, d = even0 - even3, b = even1 + even2, c = even1 - even2;

  int32_t t0 = in[7 * Step], t1 = in[5 * Step], t2 = in[3 * Step], t3 = in[1 * Step];
  const int32_t s1 = t0 + t3, s2 = t1 + t2, s3 = t0 + t2, s4 = t1 + t3;
  const int32_t s5 = (s3 + s4) * fix(1.175875602);
  t0 *= fix(0.298631336), t1 *= fix(2.053119869), t2 *= fix(3.072711026), t3 *= fix(1.501321110);
  const int32_t y1 = -s1 * fix(0.899976223), y2 = -s2 * fix(2.562915447);
  const int32_t y3 = -s3 * fix(1.961570560) + s5, y4 = -s4 * fix(0.390180644) + s5;
  t0 += y1 + y3, t1 += y2 + y4, t2 += y2 + y3, t3 += y1 + y4;

  const int32_t half = 1 << (shift - 1);
  out[0] = (a + t3 + half) >> shift, out[7] = (a - t3 + half) >> shift;
  out[1] = (b + t2 + half) >> shift, out[6] = (b - t2 + half) >> shift;
  out[2] = (c + t1 + half) >> shift, out[5] = (c - t1 + half) >> shift;
  out[3] = (d + t0 + half) >> shift, out[4] = (d - t0 + half) >> shift;
}

}  // namespace

void inverse_dct(const int16_t coefficients[64], const uint16_t quantization[64], uint8_t* out, size_t stride,
                 bool* doubtful) {
  int32_t in[64], between[64], result[8];
  int32_t any = 0;
  for (int i = 0; i < 64; ++i) {
    in[i] = coefficients[i] * quantization[i];
    if (i > 0) any |= in[i];
    // No encoder of 8-bit samples makes such a value, and decoders differ in what they make of it.
    if (in[i] > 4095 || in[i] < -4095) *doubtful = true;
  }
  if (any == 0) {
    const int32_t flat = in[0] * (1 << kPassBits);
    const uint8_t sample = to_sample((flat + (1 << (kPassBits + 2))) >> (kPassBits + 3));
    for (int y = 0; y < 8; ++y) std::memset(out + y * stride, sample, 8);
    return;
  }
  for (int x = 0; x < 8; ++x) {
    pass<8>(in + x, result, kConstBits - kPassBits);
    for (int y = 0; y < 8; ++y) between[8 * y + x] = saturate16(result[y]);
  }
  for (int y = 0; y < 8; ++y) {
    pass<1>(between + 8 * y, result, kConstBits + kPassBits + 3);
    for (int x = 0; x < 8; ++x) out[y * stride + x] = to_sample(result[x]);
  }
}

}  // namespace jpeg
