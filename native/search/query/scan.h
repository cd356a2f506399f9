// How kernels scan rows.
// Included inside a kernel's target region: templates over the lanes L, sixteen rows a step.

// Finds the rows [0, n) of a block within the radius, in row order; `row` and `distance` have room for n. With
// `columns` 3 or 4 it leaves sixteen rows as soon as none of them is within the radius on so many words. With 0 it
// reads every row whole.
template <class L>
static uint32_t scan_block(const Block& block, uint32_t n, const Row& query, uint32_t radius, uint32_t columns,
                           uint32_t* row, uint16_t* distance) {
  using U = typename L::U;
  constexpr uint32_t kAhead = 1024;
  typename L::Word q[4];
  for (int c = 0; c < 4; ++c) q[c] = L::set_u32(query.word[c]);
  const typename L::Rest rest = L::rest_of(query.word + 4);
  const auto three_columns = [&](uint32_t i) {
    const U sum = L::add_u32(L::bits_xor(L::load_u32(block.column[0] + i), q[0]),
                             L::bits_xor(L::load_u32(block.column[1] + i), q[1]));
    return L::add_u32(sum, L::bits_xor(L::load_u32(block.column[2] + i), q[2]));
  };
  uint32_t found = 0;
  for (uint32_t i = 0; i < n; i += 16) {
    // Two steps at a time as long as nothing is near. It fetches what is a kilobyte ahead, where a column ends in the
    // next block: the processor's own prefetching stops at every page (6 % of a scan of ten million).
    if (columns == 3)
      while (i + 32 <= n && (L::at_most(three_columns(i), radius) | L::at_most(three_columns(i + 16), radius)) == 0) {
        const char* ahead = reinterpret_cast<const char*>(&block.column[0][i]) + kAhead;
        if (i + kAhead / 4 >= kBlockRows) ahead += sizeof(Block) - sizeof(block.column[0]);
        for (int c = 0; c < 3; ++c, ahead += sizeof(block.column[0])) {
          fetch(ahead);
          fetch(ahead + 64);
        }
        i += 32;
      }
    if (i >= n) break;
    U sum = three_columns(i);
    if (columns == 3 && L::at_most(sum, radius) == 0) continue;
    sum = L::add_u32(sum, L::bits_xor(L::load_u32(block.column[3] + i), q[3]));
    if (columns == 4 && L::at_most(sum, radius) == 0) continue;
    sum = L::add_u32(sum, L::rest_bits(block.rest[i], rest));
    uint32_t hits = L::at_most(sum, radius);
    if (n - i < 16) hits &= (1u << (n - i)) - 1;
    if (hits == 0) continue;
    uint32_t all[16];
    L::store_u32(all, sum);
    for (uint32_t k = 0; k < 16; ++k) {
      if (!(hits >> k & 1)) continue;
      row[found] = i + k;
      distance[found++] = static_cast<uint16_t>(all[k]);
    }
  }
  return found;
}

// Compares four queries with the rows [from, from + n) of a block, n a multiple of 16. For each step of sixteen rows
// and each query with a row within the radius on four columns it adds one entry (step · 4 + query) to `out`. With
// `columns` 3 it reads the fourth column only where three let something pass: one step in sixty, for unrelated rows.
template <class L>
static uint32_t prefilter4(const Block& block, uint32_t from, uint32_t n, const Row* query, uint32_t columns,
                           uint32_t radius, uint32_t* out) {
  using U = typename L::U;
  uint32_t found = 0;
  typename L::Word q[4][4];
  for (int k = 0; k < 4; ++k)
    for (int c = 0; c < 4; ++c) q[k][c] = L::set_u32(query[k].word[c]);
  for (uint32_t i = from; i < from + n; i += 16) {
    const auto a = L::load_u32(block.column[0] + i), b = L::load_u32(block.column[1] + i);
    const auto c = L::load_u32(block.column[2] + i);
    U sum[4];
    for (int k = 0; k < 4; ++k)
      sum[k] = L::add_u32(L::add_u32(L::bits_xor(a, q[k][0]), L::bits_xor(b, q[k][1])), L::bits_xor(c, q[k][2]));
    const auto add_fourth = [&] {
      const auto d = L::load_u32(block.column[3] + i);
      for (int k = 0; k < 4; ++k) sum[k] = L::add_u32(sum[k], L::bits_xor(d, q[k][3]));
    };
    uint32_t hits[4];
    const auto any = [&] {
      for (int k = 0; k < 4; ++k) hits[k] = L::at_most(sum[k], radius);
      return (hits[0] | hits[1] | hits[2] | hits[3]) != 0;
    };
    if (columns == 4) add_fourth();
    if (!any()) continue;
    if (columns == 3) {
      add_fourth();
      if (!any()) continue;
    }
    for (uint32_t k = 0; k < 4; ++k) {
      out[found] = (i / 16) * 4 + k;
      found += hits[k] != 0;
    }
  }
  return found;
}
