// Step 2 by the exact method: two repetitions of {box along rows, box along columns}, with every float operation in the
// reference's order (downscaling/downscaling.cpp, box1DFloat and jaroszFilterFloat). It streams over the image.
//
// A running sum cannot be split, so lanes never run along the direction of a pass. The row passes hold 16 rows in the
// lanes, the column passes 16 columns, and tiles are transposed in registers between them. It keeps:
//   rows    the last w_y + 31 rows after the first row pass
//   pass 1  one running sum a column
//   tiles   the last w_x + 31 columns of the current 16 rows, before each row pass
//   grid    the last w_y + 31 rows of the 64 sampled columns
// The second row pass divides at the sampled columns only, and the second column pass at the sampled rows only. The
// sums themselves run over everything, because their rounding depends on it.
// Included inside a kernel's target region.

template <class L>
struct Jarosz {
  using F = typename L::F;
  using Divisor = typename L::Divisor;

  const emp_pixels& p;
  const BoxWindow across, down;
  const uint32_t padded_width, row_blocks, column_mask, grid_mask;
  Array<Divisor> divide_across, divide_down;  // by a count of 1 … w
  Array<float> rows, sums, grid_rows, columns;
  F grid_sum[4];
  uint32_t rows_made = 0, grid_row = 0, next_sampled_row = 0;

  static uint32_t at_least(uint32_t n) {
    uint32_t power = 16;
    while (power < n) power *= 2;
    return power;
  }

  explicit Jarosz(const emp_pixels& pixels)
      : p(pixels),
        across(pixels.width, window_of(pixels.width)),
        down(pixels.height, window_of(pixels.height)),
        padded_width((pixels.width + 15) & ~15u),
        row_blocks((down.w + 31 + 15) / 16),
        column_mask(at_least(across.w + 32) - 1),
        grid_mask(at_least(down.w + 32) - 1) {}

  bool allocate() {
    divide_across = Array<Divisor>(across.w + 1);
    divide_down = Array<Divisor>(down.w + 1);
    rows = Array<float>(size_t{16} * row_blocks * padded_width);
    sums = Array<float>(padded_width);
    grid_rows = Array<float>(size_t{64} * (grid_mask + 1));
    columns = Array<float>(size_t{16} * (column_mask + 1));
    if (!divide_across || !divide_down || !rows || !sums || !grid_rows || !columns) return false;
    for (uint32_t i = 1; i <= across.w; ++i) divide_across[i] = L::divisor(static_cast<float>(i));
    for (uint32_t i = 1; i <= down.w; ++i) divide_down[i] = L::divisor(static_cast<float>(i));
    sums.zero();
    for (F& s : grid_sum) s = L::zero();
    return true;
  }

  float* row(uint32_t y) { return rows.data() + (size_t{16} * (y / 16 % row_blocks) + y % 16) * padded_width; }

  // Column x of the 16 rows at hand.
  float* column(uint32_t x) { return columns.data() + size_t{16} * (x & column_mask); }

  // Makes the first row pass over the rows [y, y+16).
  template <uint32_t C>
  void first_row_pass(uint32_t y) {
    const uint32_t width = p.width, ahead = across.ahead(), behind = across.behind();
    const Divisor full = divide_across[across.w];
    float* out_rows = row(y);
    F sum = L::zero();
    uint32_t loaded = 0;
    for (uint32_t x = 0; x < width; x += 16) {
      const uint32_t needed = x + 16 + ahead < width ? x + 16 + ahead : width;
      for (; loaded < needed; loaded += 16) {
        F tile[16];
        luma_tile<L, C>(p, y, loaded, tile);
        for (uint32_t k = 0; k < 16; ++k) L::store(column(loaded + k), tile[k]);
      }
      if (x == 0)
        for (uint32_t k = 0; k < ahead; ++k) sum = L::add(sum, L::load(column(k)));
      F out[16];
      if (x > behind && x + 15 + ahead < width) {
        for (uint32_t k = 0; k < 16; ++k) {
          sum = L::add(sum, L::load(column(x + k + ahead)));
          sum = L::sub(sum, L::load(column(x + k - behind - 1)));
          out[k] = L::divide(sum, full);
        }
      } else {
        for (uint32_t k = 0; k < 16; ++k) {
          const uint32_t o = x + k;
          if (o >= width) {
            out[k] = L::zero();
            continue;
          }
          if (o + ahead < width) sum = L::add(sum, L::load(column(o + ahead)));
          if (o > behind) sum = L::sub(sum, L::load(column(o - behind - 1)));
          out[k] = L::divide(sum, divide_across[across.count(o)]);
        }
      }
      L::transpose(out);
      for (uint32_t r = 0; r < 16; ++r) L::store(out_rows + size_t{r} * padded_width + x, out[r]);
    }
  }

  // Makes the first column pass over the rows [y, y+16), and right after it the second row pass on each tile. Writes
  // the sampled columns of these rows to `sampled`, one row in each lane.
  void column_then_row_pass(uint32_t y, F (&sampled)[64]) {
    const uint32_t width = p.width, height = p.height;
    const float *entering[16], *leaving[16];
    Divisor divisors[16];
    bool steady = y > down.behind() && y + 15 + down.ahead() < height;
    for (uint32_t r = 0; r < 16; ++r) {
      const uint32_t o = y + r < height ? y + r : height - 1;
      entering[r] = y + r < height && o + down.ahead() < height ? row(o + down.ahead()) : nullptr;
      leaving[r] = y + r < height && o > down.behind() ? row(o - down.behind() - 1) : nullptr;
      divisors[r] = divide_down[down.count(o)];
    }
    const Divisor full = divide_down[down.w];

    const uint32_t ahead = across.ahead(), behind = across.behind();
    F row_sum = L::zero();
    uint32_t o = 0, next = 0;
    uint32_t next_position = sample_position(0, width);

    for (uint32_t x = 0; x < width; x += 16) {
      F tile[16];
      F sum = L::load(sums.data() + x);
      if (steady) {
        for (uint32_t r = 0; r < 16; ++r) {
          sum = L::add(sum, L::load(entering[r] + x));
          sum = L::sub(sum, L::load(leaving[r] + x));
          tile[r] = L::divide(sum, full);
        }
      } else {
        if (y == 0)
          for (uint32_t k = 0; k < down.ahead(); ++k) sum = L::add(sum, L::load(row(k) + x));
        for (uint32_t r = 0; r < 16; ++r) {
          if (entering[r]) sum = L::add(sum, L::load(entering[r] + x));
          if (leaving[r]) sum = L::sub(sum, L::load(leaving[r] + x));
          tile[r] = L::divide(sum, divisors[r]);
        }
      }
      L::store(sums.data() + x, sum);
      L::transpose(tile);
      for (uint32_t k = 0; k < 16; ++k) L::store(column(x + k), tile[k]);

      const uint32_t loaded = x + 16 < width ? x + 16 : width;
      const uint32_t ready = loaded == width ? width : loaded > ahead ? loaded - ahead : 0;
      if (o == 0 && ready > 0)
        for (uint32_t k = 0; k < ahead; ++k) row_sum = L::add(row_sum, L::load(column(k)));
      while (o < ready) {
        // This runs up to the next sampled column, inclusive.
        const uint32_t end = next < 64 && next_position < ready ? next_position + 1 : ready;
        if (o > behind && end - 1 + ahead < width) {
          for (; o < end; ++o) {
            row_sum = L::add(row_sum, L::load(column(o + ahead)));
            row_sum = L::sub(row_sum, L::load(column(o - behind - 1)));
          }
        } else {
          for (; o < end; ++o) {
            if (o + ahead < width) row_sum = L::add(row_sum, L::load(column(o + ahead)));
            if (o > behind) row_sum = L::sub(row_sum, L::load(column(o - behind - 1)));
          }
        }
        while (next < 64 && next_position == o - 1) {
          sampled[next] = L::divide(row_sum, divide_across[across.count(o - 1)]);
          if (++next < 64) next_position = sample_position(next, width);
        }
      }
    }
  }

  // Makes the second column pass over the rows [y, y+16) of the sampled columns. Writes the sampled rows to the grid.
  void second_column_pass(uint32_t y, F (&sampled)[64], float* grid) {
    const uint32_t height = p.height, ahead = down.ahead(), behind = down.behind();
    const auto grid_row_at = [&](uint32_t i) { return grid_rows.data() + size_t{64} * (i & grid_mask); };
    for (uint32_t g = 0; g < 4; ++g) {
      F tile[16];
      for (uint32_t k = 0; k < 16; ++k) tile[k] = sampled[16 * g + k];
      L::transpose(tile);
      for (uint32_t r = 0; r < 16; ++r) L::store(grid_row_at(y + r) + 16 * g, tile[r]);
    }
    const uint32_t end = y + 16 < height ? y + 16 : height;
    const uint32_t ready = end == height ? height : end > ahead ? end - ahead : 0;
    for (; grid_row < ready; ++grid_row) {
      const uint32_t o = grid_row;
      for (uint32_t g = 0; g < 4; ++g) {
        F sum = grid_sum[g];
        if (o == 0)
          for (uint32_t k = 0; k < ahead; ++k) sum = L::add(sum, L::load(grid_row_at(k) + 16 * g));
        if (o + ahead < height) sum = L::add(sum, L::load(grid_row_at(o + ahead) + 16 * g));
        if (o > behind) sum = L::sub(sum, L::load(grid_row_at(o - behind - 1) + 16 * g));
        grid_sum[g] = sum;
      }
      while (next_sampled_row < 64 && sample_position(next_sampled_row, height) == o) {
        const Divisor divisor = divide_down[down.count(o)];
        for (uint32_t g = 0; g < 4; ++g)
          L::store(grid + 64 * next_sampled_row + 16 * g, L::divide(grid_sum[g], divisor));
        ++next_sampled_row;
      }
    }
  }

  template <uint32_t C>
  emp_status run(const emp_cancel& cancel, float* grid) {
    if (!allocate()) return EMP_OUT_OF_MEMORY;
    for (uint32_t y = 0; y < p.height; y += 16) {
      if (cancel.poll && cancel.poll(cancel.context)) return EMP_CANCELLED;
      const uint32_t needed = y + 16 + down.ahead() < p.height ? y + 16 + down.ahead() : p.height;
      for (; rows_made < needed; rows_made += 16) first_row_pass<C>(rows_made);
      F sampled[64];
      column_then_row_pass(y, sampled);
      second_column_pass(y, sampled, grid);
    }
    return EMP_OK;
  }
};

template <class L>
static emp_status jarosz(const emp_pixels& p, const emp_cancel& cancel, float* grid) {
  Jarosz<L> filter(p);
  switch (p.channels) {
    case 1:
      return filter.template run<1>(cancel, grid);
    case 3:
      return filter.template run<3>(cancel, grid);
    default:
      return filter.template run<4>(cancel, grid);
  }
}
