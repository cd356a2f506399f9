// generate uniform|skewed ROWS QUERIES SEED OUT: writes OUT.rows and OUT.queries, 32 bytes a hash. The same on every
// machine with IEEE floats, whatever the number of threads.
//
// Skewed, as real PDQ hashes are: 16×16 DCT coefficients, Gaussian with 1/f amplitude, a little against those two rows
// or columns apart, and one to four rectangles; those above the median are set. Three in ten are near-duplicates of an
// earlier image, so that clusters grow as Yule and Simon have it; three in a hundred are images of poor quality
// that collapse into 64 templates of Zipf's popularity, the first about 0.8 % of all rows.
//
// Queries: the even ones a row with 0 … 31 bits flipped, the odd ones unrelated.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Random {
  uint64_t state;
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  uint64_t below(uint64_t n) { return static_cast<uint64_t>(static_cast<unsigned __int128>(next()) * n >> 64); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
};

Random stream(uint64_t seed, uint64_t purpose, uint64_t i) {
  Random r = {seed * 0xd1342543de82ef95u + purpose};
  r.state = r.next() ^ i * 0x2545f4914f6cdd1du;
  r.next();
  return r;
}

struct Hash {
  uint8_t byte[32];
  void flip(uint64_t bit) { byte[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8); }
};

constexpr int kSide = 16, kBits = 256, kTemplates = 64;

class Images {
 public:
  explicit Images(uint64_t seed) : seed_(seed) {
    for (int i = 0; i < 4096; ++i) {
      double low = -6, high = 6;
      for (int step = 0; step < 40; ++step) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < (i + 0.5) / 4096 ? low : high) = middle;
      }
      normal_[i] = static_cast<float>(low);
    }
    for (int v = 0; v < kSide; ++v)
      for (int u = 0; u < kSide; ++u) amplitude_[v * kSide + u] = static_cast<float>(1 / std::hypot(u + 1.0, v + 1.0));
    for (int u = 0; u < kSide; ++u)
      for (int x = 0; x <= 64; ++x)
        edge_[u][x] = static_cast<float>(std::sin(M_PI * (u + 1) * x / 64) / (M_PI * (u + 1)));
  }

  Hash original(uint64_t purpose, uint64_t i) const {
    float c[kBits];
    coefficients(purpose, i, c);
    return above_median(c);
  }

  // Noise is the same at all frequencies, so that it turns the weak ones first.
  Hash near(uint64_t purpose, uint64_t of, uint64_t i) const {
    float c[kBits], noise[kBits];
    coefficients(purpose, of, c);
    Random random = stream(seed_, 7, i);
    const double unit = random.unit();
    fill(&random, noise);
    const float by = unit < 0.2 ? 0.0f : static_cast<float>(0.03 * unit * unit);
    for (int k = 0; k < kBits; ++k) c[k] += by * noise[k];
    return above_median(c);
  }

 private:
  void fill(Random* random, float* out) const {
    uint64_t bits = 0;
    for (int k = 0; k < kBits; ++k, bits >>= 12) {
      if (k % 5 == 0) bits = random->next();
      out[k] = normal_[bits & 4095];
    }
  }

  void coefficients(uint64_t purpose, uint64_t i, float* c) const {
    Random random = stream(seed_, purpose, i);
    fill(&random, c);
    for (int k = kBits - 1; k >= 2 * kSide; --k) c[k] -= 0.15f * c[k - 2 * kSide];
    for (int k = kBits - 1; k >= 0; --k)
      if (k % kSide >= 2) c[k] -= 0.15f * c[k - 2];
    for (int k = 0; k < kBits; ++k) c[k] *= amplitude_[k];
    const uint64_t rectangles = 1 + random.below(4);
    for (uint64_t r = 0; r < rectangles; ++r) {
      const uint64_t bits = random.next();
      const int x0 = bits & 63, x1 = bits >> 6 & 63, y0 = bits >> 12 & 63, y1 = bits >> 18 & 63;
      const float contrast = 2 * normal_[bits >> 24 & 4095];
      float row[kSide], column[kSide];
      for (int u = 0; u < kSide; ++u) {
        row[u] = edge_[u][x1] - edge_[u][x0];
        column[u] = contrast * (edge_[u][y1] - edge_[u][y0]);
      }
      for (int v = 0; v < kSide; ++v)
        for (int u = 0; u < kSide; ++u) c[v * kSide + u] += column[v] * row[u];
    }
  }

  static Hash above_median(const float* c) {
    float low = -8, high = 8, middle = 0;
    for (int step = 0; step < 40; ++step) {
      int above = 0;
      for (int k = 0; k < kBits; ++k) above += c[k] > middle ? 1 : 0;
      if (above == kBits / 2) break;
      (above > kBits / 2 ? low : high) = middle;
      // The median is near zero, where the weak coefficients are: a small step first.
      middle = low < -7   ? middle - 0.004f * static_cast<float>(1 << std::min(step, 10))
               : high > 7 ? middle + 0.004f * static_cast<float>(1 << std::min(step, 10))
                          : (low + high) / 2;
    }
    Hash hash = {};
    for (int k = 0; k < kBits; ++k) hash.byte[k / 8] |= static_cast<uint8_t>((c[k] > middle ? 1 : 0) << k % 8);
    return hash;
  }

  uint64_t seed_;
  float normal_[4096], amplitude_[kBits], edge_[kSide][65];
};

Hash uniform(uint64_t seed, uint64_t purpose, uint64_t i) {
  Random random = stream(seed, purpose, i);
  Hash hash;
  for (int k = 0; k < 4; ++k) {
    const uint64_t bits = random.next();
    std::memcpy(hash.byte + 8 * k, &bits, 8);
  }
  return hash;
}

// What row i is: its own image, or another's number, or a template's.
std::vector<uint32_t> roots_of(uint64_t rows, uint64_t seed) {
  constexpr uint32_t kTemplate = 0xffffff00u;
  double popularity[kTemplates], sum = 0;
  for (int t = 0; t < kTemplates; ++t) popularity[t] = sum += std::pow(t + 1, -1.1);
  Random random = stream(seed, 1, 0);
  std::vector<uint32_t> root(rows);
  for (uint64_t i = 0; i < rows; ++i) {
    const double kind = random.unit();
    root[i] = static_cast<uint32_t>(i);
    if (kind < 0.03) {
      const double at = random.unit() * sum;
      root[i] =
          kTemplate + static_cast<uint32_t>(std::lower_bound(popularity, popularity + kTemplates, at) - popularity);
    } else if (kind < 0.33 && i > 0) {
      const uint32_t of = root[random.below(i)];
      if (of < kTemplate) root[i] = of;
    }
  }
  return root;
}

Hash skewed(const Images& images, uint64_t seed, uint32_t root, uint64_t i) {
  if (root == i) return images.original(2, i);
  if (root < 0xffffff00u) return images.near(2, root, i);
  Hash hash = images.original(3, root & 255);
  Random random = stream(seed, 4, i);
  if (random.below(8) > 0)
    for (uint64_t flips = 1 + random.below(40); flips > 0; --flips) hash.flip(random.below(kBits));
  return hash;
}

void write(const std::string& path, const std::vector<Hash>& hashes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(hashes.data(), sizeof(Hash), hashes.size(), file) != hashes.size() ||
      std::fclose(file) != 0) {
    std::fprintf(stderr, "%s cannot be written\n", path.c_str());
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const bool skew = std::strcmp(argv[1], "skewed") == 0;
  const uint64_t rows = std::strtoull(argv[2], nullptr, 10), count = std::strtoull(argv[3], nullptr, 10);
  const uint64_t seed = std::strtoull(argv[4], nullptr, 10);
  const std::string out = argv[5];
  const Images images(seed);
  const std::vector<uint32_t> root = skew ? roots_of(rows, seed) : std::vector<uint32_t>();
  std::vector<Hash> hashes(rows), queries(count);
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> pool;
  for (unsigned t = 0; t < threads; ++t)
    pool.emplace_back([&, t] {
      for (uint64_t i = rows * t / threads; i < rows * (t + 1) / threads; ++i)
        hashes[i] = skew ? skewed(images, seed, root[i], i) : uniform(seed, 2, i);
    });
  for (std::thread& thread : pool) thread.join();
  for (uint64_t q = 0; q < count; ++q) {
    Random random = stream(seed, 5, q);
    if (q % 2 == 1) {
      queries[q] = skew ? images.original(6, q) : uniform(seed, 6, q);
      continue;
    }
    queries[q] = hashes[random.below(rows)];
    bool flipped[kBits] = {};
    for (uint64_t left = random.below(32); left > 0;) {
      const uint64_t bit = random.below(kBits);
      if (flipped[bit]) continue;
      flipped[bit] = true;
      queries[q].flip(bit);
      --left;
    }
  }
  write(out + ".rows", hashes);
  write(out + ".queries", queries);
}
