// The entropy-coded data of one scan. Every block must be there: a decoder for viewing fills what is missing with grey,
// which would give a wrong hash.
#include <cstring>

#include "frame.h"

namespace jpeg {
namespace {

// One block of a sequential scan, in natural order.
bool sequential_block(Bits& bits, const Huffman& dc, const Huffman& ac, Component& c, int16_t* block) {
  const int32_t size = bits.decode(dc);
  if (size < 0 || size > 15) return false;
  c.previous_dc += bits.extend(static_cast<uint32_t>(size));
  block[0] = static_cast<int16_t>(c.previous_dc);
  for (uint32_t k = 1; k < 64; ++k) {
    const int32_t code = bits.decode(ac);
    if (code < 0) return false;
    const uint32_t run = static_cast<uint32_t>(code) >> 4, n = static_cast<uint32_t>(code) & 15;
    if (n == 0) {
      if (run != 15) break;
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) return false;
    block[kNaturalOrder[k]] = static_cast<int16_t>(bits.extend(n));
  }
  return true;
}

bool first_dc(Bits& bits, const Huffman& dc, Component& c, uint32_t low, int16_t* block) {
  const int32_t size = bits.decode(dc);
  if (size < 0 || size > 15) return false;
  c.previous_dc += bits.extend(static_cast<uint32_t>(size));
  block[0] = static_cast<int16_t>(c.previous_dc * (1 << low));
  return true;
}

bool first_ac(Bits& bits, const Huffman& ac, const Scan& scan, uint32_t* eob_run, int16_t* block) {
  if (*eob_run > 0) {
    --*eob_run;
    return true;
  }
  for (uint32_t k = scan.from; k <= scan.to; ++k) {
    const int32_t code = bits.decode(ac);
    if (code < 0) return false;
    const uint32_t run = static_cast<uint32_t>(code) >> 4, n = static_cast<uint32_t>(code) & 15;
    if (n == 0) {
      if (run < 15) {
        *eob_run = (1u << run) - 1 + bits.take(run);
        break;
      }
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) return false;
    block[kNaturalOrder[k]] = static_cast<int16_t>(bits.extend(n) * (1 << scan.low));
  }
  return true;
}

// Adds the next bit to a coefficient that is not zero.
inline void refine(Bits& bits, int16_t& value, int16_t bit) {
  if (bits.take(1) == 0 || (value & bit) != 0) return;
  value = static_cast<int16_t>(value >= 0 ? value + bit : value - bit);
}

bool refine_ac(Bits& bits, const Huffman& ac, const Scan& scan, uint32_t* eob_run, int16_t* block) {
  const int16_t bit = static_cast<int16_t>(1 << scan.low);
  uint32_t k = scan.from;
  if (*eob_run == 0) {
    for (; k <= scan.to; ++k) {
      const int32_t code = bits.decode(ac);
      if (code < 0) return false;
      uint32_t run = static_cast<uint32_t>(code) >> 4;
      const uint32_t n = static_cast<uint32_t>(code) & 15;
      int16_t fresh = 0;
      if (n != 0) {
        if (n != 1) return false;
        fresh = bits.take(1) != 0 ? bit : static_cast<int16_t>(-bit);
      } else if (run != 15) {
        *eob_run = (1u << run) + bits.take(run);
        break;
      }
      // Passes `run` coefficients that are still zero, and refines those between them.
      for (; k <= scan.to; ++k) {
        int16_t& value = block[kNaturalOrder[k]];
        if (value != 0)
          refine(bits, value, bit);
        else if (run-- == 0)
          break;
      }
      if (fresh != 0) {
        if (k > scan.to) return false;
        block[kNaturalOrder[k]] = fresh;
      }
    }
  }
  if (*eob_run > 0) {
    for (; k <= scan.to; ++k) {
      int16_t& value = block[kNaturalOrder[k]];
      if (value != 0) refine(bits, value, bit);
    }
    --*eob_run;
  }
  return true;
}

class ScanReader {
 public:
  ScanReader(Decoder& decoder, const Scan& scan, size_t at)
      : decoder_(decoder), scan_(scan), bits_(decoder.data, decoder.size, at) {}

  Fault run() {
    begin_interval();
    if (scan_.count == 1) {
      Component& c = component(0);
      for (uint32_t y = 0; y < c.down; ++y)
        for (uint32_t x = 0; x < c.across; ++x)
          if (const Fault fault = unit([&] { return block(0, x, y); }, y + 1 == c.down && x + 1 == c.across))
            return fault;
      return end();
    }
    const Frame& frame = decoder_.frame;
    for (uint32_t my = 0; my < frame.mcus_down; ++my)
      for (uint32_t mx = 0; mx < frame.mcus_across; ++mx) {
        const bool last = my + 1 == frame.mcus_down && mx + 1 == frame.mcus_across;
        if (const Fault fault = unit([&] { return mcu(mx, my); }, last)) return fault;
      }
    return end();
  }

  size_t marker() const { return bits_.marker(); }

 private:
  Component& component(uint32_t i) { return decoder_.frame.component[scan_.component[i]]; }

  void begin_interval() {
    for (uint32_t i = 0; i < scan_.count; ++i) component(i).previous_dc = 0;
    decoder_.eob_run = 0;
    left_ = decoder_.restart_interval;
  }

  // Reads one unit between restart markers, and the marker behind it.
  template <class Read>
  Fault unit(Read read, bool last) {
    if (!read()) return bits_.overrun() ? kMissingData : kBadCode;
    if (bits_.overrun()) return kMissingData;
    if (decoder_.restart_interval == 0 || last || --left_ > 0) return kNone;
    if (decoder_.eob_run > 0) return kBadCode;
    const size_t at = bits_.marker();
    if (at + 1 >= decoder_.size || decoder_.data[at + 1] != 0xd0 + next_) return kMissingData;
    next_ = (next_ + 1) & 7;
    bits_.restart(at + 2);
    begin_interval();
    return kNone;
  }

  Fault end() { return doubtful_ ? kBadCode : kNone; }

  bool mcu(uint32_t mx, uint32_t my) {
    for (uint32_t i = 0; i < scan_.count; ++i) {
      const Component& c = component(i);
      for (uint32_t y = 0; y < c.v; ++y)
        for (uint32_t x = 0; x < c.h; ++x)
          if (!block(i, mx * c.h + x, my * c.v + y)) return false;
    }
    return true;
  }

  bool block(uint32_t i, uint32_t x, uint32_t y) {
    Component& c = component(i);
    if (!decoder_.frame.progressive) {
      int16_t coefficients[64] = {};
      if (!sequential_block(bits_, decoder_.dc[scan_.dc[i]], decoder_.ac[scan_.ac[i]], c, coefficients)) return false;
      const size_t stride = size_t{8} * c.stride_blocks;
      inverse_dct(coefficients, c.quantization, c.samples + size_t{y} * 8 * stride + size_t{8} * x, stride, &doubtful_);
      return true;
    }
    int16_t* coefficients = c.coefficients + 64 * (size_t{y} * c.stride_blocks + x);
    if (scan_.from == 0) {
      if (scan_.high == 0) return first_dc(bits_, decoder_.dc[scan_.dc[i]], c, scan_.low, coefficients);
      if (bits_.take(1) != 0) coefficients[0] = static_cast<int16_t>(coefficients[0] | 1 << scan_.low);
      return true;
    }
    const Huffman& ac = decoder_.ac[scan_.ac[i]];
    return scan_.high == 0 ? first_ac(bits_, ac, scan_, &decoder_.eob_run, coefficients)
                           : refine_ac(bits_, ac, scan_, &decoder_.eob_run, coefficients);
  }

  Decoder& decoder_;
  const Scan& scan_;
  Bits bits_;
  uint32_t left_ = 0, next_ = 0;
  bool doubtful_ = false;
};

}  // namespace

Fault decode_scan(Decoder& decoder, const Scan& scan, size_t* at) {
  ScanReader reader(decoder, scan, *at);
  const Fault fault = reader.run();
  *at = reader.marker();
  return fault;
}

}  // namespace jpeg
