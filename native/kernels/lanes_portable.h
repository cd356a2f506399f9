// 16 floats in a plain array, with loops of which compilers make whatever the baseline has. The other lanes are
// compared with it, so it divides with a true division.

namespace {

struct Portable {
  struct F {
    float v[16];
  };
  using Divisor = float;
  using Word = uint32_t;

  template <class Op>
  static inline F each(Op op) {
    F r;
    for (int i = 0; i < 16; ++i) r.v[i] = op(i);
    return r;
  }
  static inline F zero() { return set(0.0f); }
  static inline F set(float x) {
    return each([&](int) { return x; });
  }
  static inline F load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  static inline void store(float* p, const F& a) {
    for (int i = 0; i < 16; ++i) p[i] = a.v[i];
  }
  static inline F add(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] + b.v[i]; });
  }
  static inline F sub(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] - b.v[i]; });
  }
  static inline F mul(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] * b.v[i]; });
  }
  static inline Divisor divisor(float w) { return w; }
  static inline F divide(const F& a, Divisor w) {
    return each([&](int i) { return a.v[i] / w; });
  }
  static inline F abs(const F& a) {
    return each([&](int i) { return a.v[i] < 0 ? -a.v[i] : a.v[i]; });
  }
  static inline F trunc(const F& a) {
    return each([&](int i) { return static_cast<float>(static_cast<int32_t>(a.v[i])); });
  }
  // 1 where a < b, else 0.
  static inline F less(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? 1.0f : 0.0f; });
  }
  // Stores whole numbers.
  static inline void store_whole(int32_t* p, const F& a) {
    for (int i = 0; i < 16; ++i) p[i] = static_cast<int32_t>(a.v[i]);
  }
  static inline F max(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? b.v[i] : a.v[i]; });
  }
  static inline F min(const F& a, const F& b) {
    return each([&](int i) { return b.v[i] < a.v[i] ? b.v[i] : a.v[i]; });
  }
  // The square root and the quotient, rounded as IEEE 754 says.
  static inline F sqrt(const F& a) {
    return each([&](int i) { return std::sqrt(a.v[i]); });
  }
  static inline F quotient(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] / b.v[i]; });
  }
  // x where a < b, else y.
  static inline F where_less(const F& a, const F& b, const F& x, const F& y) {
    return each([&](int i) { return a.v[i] < b.v[i] ? x.v[i] : y.v[i]; });
  }
  // x where a < b, else 0.
  static inline F keep_less(const F& a, const F& b, const F& x) { return where_less(a, b, x, zero()); }
  // One bit for each lane where a < b.
  static inline uint32_t less_mask(const F& a, const F& b) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 16; ++i) mask |= static_cast<uint32_t>(a.v[i] < b.v[i]) << i;
    return mask;
  }

  // Sixteen sums of products of bytes. `bytes` are four values 0 … 127, `weights` four of −127 … 127 for each lane.
  struct Sums {
    int32_t v[16];
  };
  static inline Sums no_sums() { return {}; }
  static inline Sums add_products(const Sums& sums, uint32_t bytes, const int8_t* weights) {
    Sums r = sums;
    for (int i = 0; i < 16; ++i)
      for (int k = 0; k < 4; ++k) r.v[i] += static_cast<int32_t>(bytes >> (8 * k) & 255u) * int32_t{weights[4 * i + k]};
    return r;
  }
  // One bit for each sum above its threshold.
  static inline uint32_t above(const Sums& sums, const int32_t* threshold) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 16; ++i) mask |= static_cast<uint32_t>(sums.v[i] > threshold[i]) << i;
    return mask;
  }
  // Loads base[at[k]] and the value after it.
  static inline void gather_pairs(const float* base, const int32_t* at, F* first, F* second) {
    *first = each([&](int i) { return base[at[i]]; });
    *second = each([&](int i) { return base[at[i] + 1]; });
  }
  static inline void transpose(F (&t)[16]) {
    for (int i = 0; i < 16; ++i)
      for (int j = i + 1; j < 16; ++j) {
        const float swap = t[i].v[j];
        t[i].v[j] = t[j].v[i];
        t[j].v[i] = swap;
      }
  }

  // Computes the luma of 16 pixels of C samples.
  template <uint32_t C>
  static inline F luma(const uint8_t* s) {
    if constexpr (C == 1) return each([&](int i) { return static_cast<float>(s[i]); });
    return each([&](int i) {
      const float r = 0.299f * static_cast<float>(s[i * C]);
      const float g = 0.587f * static_cast<float>(s[i * C + (C > 1 ? 1 : 0)]);
      const float b = 0.114f * static_cast<float>(s[i * C + (C > 1 ? 2 : 0)]);
      return r + g + b;
    });
  }

  // sums[i] += Σ weight[k]·in[k][i]; n is a multiple of 64. The order inside `sums` is the lanes' own until to_floats.
  static inline void accumulate(const uint8_t* const (&in)[4], const uint8_t (&weight)[4], int32_t* sums, uint32_t n) {
    const uint8_t *a = in[0], *b = in[1], *c = in[2], *d = in[3];
    const uint32_t wa = weight[0], wb = weight[1], wc = weight[2], wd = weight[3];
    for (uint32_t i = 0; i < n; ++i)
      sums[i] += static_cast<int32_t>(static_cast<uint16_t>(wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i]));
  }
  static inline void to_floats(const int32_t* sums, float* out, uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) out[i] = static_cast<float>(sums[i]);
  }
  static inline void accumulate_float(const uint8_t* in, float weight, float* sums, uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) sums[i] += weight * static_cast<float>(in[i]);
  }
  // n is a multiple of 16.
  static inline float dot(const float* a, const float* b, uint32_t n) {
    F sum = zero();
    for (uint32_t i = 0; i < n; i += 16) sum = add(sum, mul(load(a + i), load(b + i)));
    float all = 0;
    for (const float lane : sum.v) all += lane;
    return all;
  }

  // Sixteen counts of bits, four bytes in each lane, which are added only when they are compared. Even a baseline
  // without vector multiplication can do that for sixteen at a time.
  struct U {
    uint32_t v[16];
  };
  using Rest = const uint32_t*;
  static inline uint32_t byte_bits(uint32_t x) {
    x = x - (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    return (x + (x >> 4)) & 0x0f0f0f0fu;
  }
  static inline uint32_t lane_sum(uint32_t bytes) {
    const uint32_t halves = (bytes & 0x00ff00ffu) + (bytes >> 8 & 0x00ff00ffu);
    return (halves + (halves >> 16)) & 0xffffu;
  }
  static inline uint32_t set_u32(uint32_t x) { return x; }
  static inline const uint32_t* load_u32(const uint32_t* p) { return p; }
  static inline U bits_xor(const uint32_t* a, uint32_t b) {
    U r;
    for (int i = 0; i < 16; ++i) r.v[i] = byte_bits(a[i] ^ b);
    return r;
  }
  static inline U add_u32(const U& a, const U& b) {
    U r;
    for (int i = 0; i < 16; ++i) r.v[i] = a.v[i] + b.v[i];
    return r;
  }
  // Returns one bit for each lane. Hardly any is set, so it first checks whether one is.
  static inline uint32_t at_most(const U& a, uint32_t radius) {
    uint32_t any = 0;
    for (int i = 0; i < 16; ++i) any |= lane_sum(a.v[i]) <= radius ? 1u : 0u;
    if (any == 0) return 0;
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 16; ++i) mask |= static_cast<uint32_t>(lane_sum(a.v[i]) <= radius) << i;
    return mask;
  }
  static inline void store_u32(uint32_t* out, const U& a) {
    for (int i = 0; i < 16; ++i) out[i] = lane_sum(a.v[i]);
  }
  static inline Rest rest_of(const uint32_t* words) { return words; }
  // Reads `rows`, sixteen quarters of four words.
  static inline U rest_bits(const uint32_t* rows, Rest q) {
    U r;
    for (int i = 0; i < 16; ++i) {
      r.v[i] = 0;
      for (int c = 0; c < 4; ++c) r.v[i] += byte_bits(rows[4 * i + c] ^ q[c]);
    }
    return r;
  }
  // Returns which of 32 fingerprints differ from `next` in at most `most` bits, one bit for each. Hardly any does, so
  // it first checks whether one does.
  static inline uint32_t near_u16(const uint16_t* p, uint16_t next, uint32_t most) {
    uint16_t counts[32];
    uint16_t any = 0;
    for (int i = 0; i < 32; ++i) {
      uint16_t x = static_cast<uint16_t>(p[i] ^ next);
      x = static_cast<uint16_t>(x - (x >> 1 & 0x5555));
      x = static_cast<uint16_t>((x & 0x3333) + (x >> 2 & 0x3333));
      x = static_cast<uint16_t>((x + (x >> 4)) & 0x0f0f);
      counts[i] = static_cast<uint16_t>((x + (x >> 8)) & 0x1f);
      any = static_cast<uint16_t>(any | (counts[i] <= most ? 1 : 0));
    }
    if (any == 0) return 0;
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 32; ++i) mask |= static_cast<uint32_t>(counts[i] <= most) << i;
    return mask;
  }
  static inline uint32_t ones(uint64_t x) {
    x = x - (x >> 1 & 0x5555555555555555u);
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return static_cast<uint32_t>(((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56);
  }

  // Four pixels, each with four 16-bit samples in one word, so that one multiplication weights them all. The fourth
  // sample of a pixel that is read is whatever follows it, and overflows the word.
  struct Pixels {
    uint64_t v[4];
  };
  static inline Pixels half_pixels() {
    constexpr uint64_t half = 0x0080008000800080u;
    return {{half, half, half, half}};
  }
  static inline Pixels weigh_pixels(const Pixels& sum, const uint16_t* a, const uint16_t* b, const uint16_t* c,
                                    const uint16_t* d, const uint16_t* weight) {
    const auto add = [](uint64_t to, const uint16_t* p, uint16_t w) {
      return to + (p[0] | uint64_t{p[1]} << 16 | uint64_t{p[2]} << 32 | uint64_t{p[3]} << 48) * w;
    };
    return {{add(sum.v[0], a, weight[0]), add(sum.v[1], b, weight[4]), add(sum.v[2], c, weight[8]),
             add(sum.v[3], d, weight[12])}};
  }
  // Stores the upper bytes, three for each pixel. Other lanes also store up to four unused bytes.
  static inline void store_pixels(uint8_t* rgb, const Pixels& p) {
    for (int i = 0; i < 4; ++i)
      for (int c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<uint8_t>(p.v[i] >> (16 * c + 8));
  }
  // Keeps the even ones of pixels 0 … 4. Other lanes read and write sixteen bytes.
  static inline void every_other_pixel(const uint8_t* in, uint8_t* out) {
    for (int i = 0; i < 3; ++i) std::memcpy(out + 3 * i, in + 6 * i, 3);
  }
  // Splits sixteen pixels into channels.
  static inline void split_pixels(const uint8_t* rgb, uint8_t* r, uint8_t* g, uint8_t* b) {
    for (int i = 0; i < 16; ++i) r[i] = rgb[3 * i], g[i] = rgb[3 * i + 1], b[i] = rgb[3 * i + 2];
  }
  // Nothing is faster here than four pixels at a time.
  static inline bool mean_of_columns(const empreinte::SummedRows&) { return false; }
};

}  // namespace
