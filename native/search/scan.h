// The linear scan of a block of rows: every row within the radius, in row order.
// Included inside a kernel's target region.

template <class L>
static size_t scan(const uint8_t* rows, size_t n, const uint8_t* query, uint32_t radius, uint32_t* row,
                   uint16_t* distance) {
  uint64_t q[4];
  std::memcpy(q, query, 32);
  size_t found = 0;
  for (size_t i = 0; i < n; ++i) {
    uint64_t r[4];
    std::memcpy(r, rows + 32 * i, 32);
    const uint32_t d = L::bits(r[0] ^ q[0]) + L::bits(r[1] ^ q[1]) + L::bits(r[2] ^ q[2]) + L::bits(r[3] ^ q[3]);
    // Written always, kept only within the radius: no branch to mispredict.
    row[found] = static_cast<uint32_t>(i);
    distance[found] = static_cast<uint16_t>(d);
    found += d <= radius;
  }
  return found;
}
