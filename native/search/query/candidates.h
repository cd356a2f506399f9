// How kernels get from buckets to candidates, and from candidates to rows. Each step is a stream of cache misses, so
// each fetches ahead.
// Included inside a kernel's target region: templates over the lanes L.

static inline uint32_t lowest_bit(uint32_t mask) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long at;
  _BitScanForward(&at, mask);
  return at;
#else
  return static_cast<uint32_t>(__builtin_ctz(mask));
#endif
}

// Reads buckets from `*next` on and keeps the postings whose fingerprint is near enough. When `out` is full it stops;
// *next and the `from` of that probe say where to continue. It fetches buckets some 20 ahead: a probe is a cache miss,
// not work.
template <class L>
static uint32_t probe_buckets(Probe* probes, uint32_t n, uint32_t* next, Candidate* out, uint32_t capacity) {
  constexpr uint32_t kAhead = 24;
  const auto fetch_bucket = [&](const Probe& p) {
    const char* at = reinterpret_cast<const char*>(p.fingerprint + p.from);
    const char* end = reinterpret_cast<const char*>(p.fingerprint + p.to);
    for (int line = 0; line < 6 && at < end; ++line, at += 64) fetch(at);
    fetch(end - 1);
  };
  uint32_t found = 0, i = *next;
  for (uint32_t k = i; k < n && k < i + kAhead; ++k) fetch_bucket(probes[k]);
  for (; i < n; ++i) {
    if (i + kAhead < n) fetch_bucket(probes[i + kAhead]);
    Probe& p = probes[i];
    for (uint32_t at = p.from; at < p.to; at += 32) {
      if (found + 32 > capacity) {
        p.from = at;
        *next = i;
        return found;
      }
      uint32_t near = L::near_u16(p.fingerprint + at, p.next, p.most);
      if (p.to - at < 32) near &= (1u << (p.to - at)) - 1;
      while (near != 0) {
        const uint32_t k = lowest_bit(near);
        near &= near - 1;
        const uint32_t differ = L::ones(static_cast<uint64_t>(p.fingerprint[at + k] ^ p.next));
        out[found++] = {at + k, static_cast<uint16_t>(p.table), static_cast<uint16_t>(p.most - differ)};
      }
    }
  }
  *next = n;
  return found;
}

// Keeps the candidates, all of one table, whose chain continues through the next cache line of the row. That line has
// one or two chunks of a column, or up to eight of the rest. At radius 63 one in twenty-five passes. The loop has no
// branch on what it reads, which is random. The order stays; returns how many are left.
template <class L, uint32_t kWords>
static uint32_t follow_in(const Block* blocks, const Query& query, uint32_t chunk, Candidate* candidates, uint32_t n) {
  const uint32_t first = chunk / 2, mask = chunk % 2 == 0 ? ~0u : 0xffff0000u;
  const auto words_of = [&](uint32_t row) -> const uint32_t* {
    const Block& block = blocks[row / kBlockRows];
    if (kWords == 1 && first < 4) return &block.column[first][row % kBlockRows];
    return &block.rest[row % kBlockRows][4 - kWords];
  };
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const Candidate c = candidates[i];
    const uint32_t* words = words_of(c.at);
    int slack = c.slack, least = 0;
    for (uint32_t k = 0; k < kWords; ++k) {
      uint32_t x = words[k] ^ query.row.word[first + k];
      if (k == 0) x &= mask;
      // The chunk before an odd first one is of the chain's start, and counted.
      if (k > 0 || mask == ~0u) slack += query.allowed[2 * (first + k)] - static_cast<int>(L::ones(x & 0xffffu));
      least |= slack;
      slack += query.allowed[2 * (first + k) + 1] - static_cast<int>(L::ones(x >> 16));
      least |= slack;
    }
    candidates[kept] = c;
    kept += least >= 0;
  }
  return kept;
}

// For long chunks, which begin inside words: keeps the candidates whose last 128 bits, one cache line, do not already
// differ by more than the radius.
template <class L>
static uint32_t keep_near(const Block* blocks, const Query& query, Candidate* candidates, uint32_t n) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const Candidate c = candidates[i];
    const uint32_t* rest = blocks[c.at / kBlockRows].rest[c.at % kBlockRows];
    uint32_t sum = 0;
    for (uint32_t w = 0; w < 4; w += 2) {
      const uint32_t low = rest[w] ^ query.row.word[4 + w], high = rest[w + 1] ^ query.row.word[5 + w];
      sum += L::ones(uint64_t{high} << 32 | low);
    }
    candidates[kept] = c;
    kept += sum <= query.radius;
  }
  return kept;
}

template <class L>
static uint32_t follow_chains(const Block* blocks, const Query& query, Candidate* candidates, uint32_t n) {
  if (query.cut.chunks != kChunks) return keep_near<L>(blocks, query, candidates, n);
  uint32_t kept = 0;
  for (uint32_t from = 0, to; from < n; from = to) {
    const uint32_t table = candidates[from].table, chunk = (table * query.stride + 2) % kChunks;
    for (to = from + 1; to < n && candidates[to].table == table;) ++to;
    Candidate* run = candidates + from;
    uint32_t left;
    switch (chunk / 2) {
      case 4:
        left = follow_in<L, 4>(blocks, query, chunk, run, to - from);
        break;
      case 5:
        left = follow_in<L, 3>(blocks, query, chunk, run, to - from);
        break;
      case 6:
        left = follow_in<L, 2>(blocks, query, chunk, run, to - from);
        break;
      default:
        left = follow_in<L, 1>(blocks, query, chunk, run, to - from);
    }
    std::memmove(candidates + kept, run, left * sizeof(Candidate));
    kept += left;
  }
  return kept;
}

// Returns the first of kCount chunks from which the chain through all of them holds: every partial sum of what differs,
// less what is allowed, is negative. With sums from chunk 0 on, those beyond the last chunk are the earlier ones plus
// `all`. A row within the radius has such a chunk.
template <class L, uint32_t kCount>
static uint32_t first_chain(const Row& row, const Query& query) {
  constexpr Cut cut = {kCount};
  Row x;
  for (uint32_t w = 0; w < 8; ++w) x.word[w] = row.word[w] ^ query.row.word[w];
  int sum[kCount + 1] = {0}, most_after[kCount];
  for (uint32_t k = 0; k < kCount; ++k)
    sum[k + 1] = sum[k] + static_cast<int>(L::ones(uint64_t{cut.value(x, k)})) - query.allowed[k];
  const int all = sum[kCount];
  most_after[kCount - 1] = all;
  for (uint32_t k = kCount - 1; k-- > 0;)
    most_after[k] = most_after[k + 1] > sum[k + 1] ? most_after[k + 1] : sum[k + 1];
  int most_before = sum[0];
  for (uint32_t k = 0; k < kCount; ++k) {
    if (most_after[k] < sum[k] && (k == 0 || all + most_before < sum[k])) return k;
    if (sum[k + 1] > most_before) most_before = sum[k + 1];
  }
  return kCount;
}

// Measures the distance of each candidate's row and, within the radius, the first chunk of a chain.
template <class L>
static void measure_rows(const Block* blocks, const Query& query, const Candidate* candidates, uint32_t n,
                         Measured* out) {
  constexpr uint32_t kAhead = 4;
  const auto fetch_row = [&](uint32_t row) {
    const Block& block = blocks[row / kBlockRows];
    for (const auto& column : block.column) fetch(&column[row % kBlockRows]);
    fetch(block.rest[row % kBlockRows]);
  };
  for (uint32_t i = 0; i < n && i < kAhead; ++i) fetch_row(candidates[i].at);
  for (uint32_t i = 0; i < n; ++i) {
    if (i + kAhead < n) fetch_row(candidates[i + kAhead].at);
    const Row row = blocks[candidates[i].at / kBlockRows].row(candidates[i].at % kBlockRows);
    uint32_t sum = 0;
    for (uint32_t w = 0; w < kChunks / 2; w += 2) {
      const uint32_t low = row.word[w] ^ query.row.word[w], high = row.word[w + 1] ^ query.row.word[w + 1];
      sum += L::ones(uint64_t{high} << 32 | low);
    }
    uint32_t first = 0;
    if (sum <= query.radius)
      first =
          query.cut.chunks == kChunks ? first_chain<L, kChunks>(row, query) : first_chain<L, kLongChunks>(row, query);
    out[i] = {static_cast<uint16_t>(sum), static_cast<uint16_t>(first)};
  }
}
