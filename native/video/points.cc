// Reduces pairs of near hashes to points. Neighbouring frames look alike, so a hash of one side is near a whole cluster
// of hashes around its counterpart. Only the nearest of each cluster stay, first along the query, then along the known
// video.
#include "points.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr uint32_t kPlateau = 3;     // bits above a cluster's least distance that are no evidence of being farther
constexpr double kSurroundings = 1;  // seconds
constexpr double kTile = 32;         // seconds: the side of the square around a place that is compared
constexpr double kBucket = 0.2;      // seconds: of two points nearer than this, one is kept
constexpr size_t kMostPoints = 16384;
constexpr size_t kMostRepeats = 24;             // places of a hash
constexpr size_t kMostFound = size_t{1} << 20;  // points at a time, which only videos that repeat themselves reach

struct Near {
  uint32_t query, distance;
};

// A gap longer than this ends a cluster.
double gap_of(const emp_video& video) { return std::max(0.6, 1.5 * video.spacing); }

class Finder {
 public:
  Finder(const emp_video& query, const emp_video& known, const emp_video_options& options, List<Point>* out)
      : query_(query), known_(known), options_(options), out_(out) {}

  emp_status run() {
    const emp_status status = options_.places == nullptr ? everywhere() : around_places();
    if (status != EMP_OK) return status;
    along_known();
    thin();
    std::sort(out_->begin(), out_->end(), [](const Point& a, const Point& b) {
      if (a.q() != b.q()) return a.q() < b.q();
      return a.k() != b.k() ? a.k() < b.k() : a.query < b.query;
    });
    return EMP_OK;
  }

 private:
  emp_status everywhere() {
    for (uint32_t k = 0; k < known_.count; ++k) {
      row_.shrink(0);
      if (!compare(k, 0, static_cast<uint32_t>(query_.count)) || !along_query(k)) return EMP_OUT_OF_MEMORY;
      if (cancelled(k)) return EMP_CANCELLED;
    }
    return EMP_OK;
  }

  // Compares the tiles of each place and their neighbours, each once, one row of tiles after the other.
  emp_status around_places() {
    List<uint64_t> tiles;
    for (size_t i = 0; i < options_.place_count; ++i) {
      const emp_video_near& place = options_.places[i];
      if (place.query >= query_.count || place.known >= known_.count) return EMP_BAD_OPTION;
      const int64_t q = tile(query_.from[place.query]), k = tile(known_.from[place.known]);
      for (int64_t dk = -1; dk <= 1; ++dk)
        for (int64_t dq = -1; dq <= 1; ++dq)
          if (k + dk >= 0 && q + dq >= 0 && !tiles.push(static_cast<uint64_t>(k + dk) << 32 | (q + dq)))
            return EMP_OUT_OF_MEMORY;
    }
    std::sort(tiles.begin(), tiles.end());
    tiles.shrink(static_cast<size_t>(std::unique(tiles.begin(), tiles.end()) - tiles.begin()));
    for (size_t first = 0, last = 0; first < tiles.size(); first = last) {
      while (last < tiles.size() && tiles[last] >> 32 == tiles[first] >> 32) ++last;
      const uint32_t row = static_cast<uint32_t>(tiles[first] >> 32);
      for (uint32_t k = first_in(known_, row); k < first_in(known_, row + 1.0); ++k) {
        row_.shrink(0);
        for (size_t i = first; i < last; ++i) {
          const uint32_t column = static_cast<uint32_t>(tiles[i]);
          if (!compare(k, first_in(query_, column), first_in(query_, column + 1.0))) return EMP_OUT_OF_MEMORY;
        }
        if (!along_query(k)) return EMP_OUT_OF_MEMORY;
        if (cancelled(k)) return EMP_CANCELLED;
      }
    }
    return EMP_OK;
  }

  static int64_t tile(double seconds) { return static_cast<int64_t>(std::min(seconds / kTile, 1e9)); }
  static uint32_t first_in(const emp_video& video, double tile) {
    return static_cast<uint32_t>(std::lower_bound(video.from, video.from + video.count, tile * kTile) - video.from);
  }

  bool compare(uint32_t k, uint32_t from, uint32_t to) {
    const uint8_t* hash = known_.hashes + size_t{EMP_HASH_BYTES} * k;
    for (uint32_t q = from; q < to; ++q) {
      const uint32_t distance = emp_hash_distance(query_.hashes + size_t{EMP_HASH_BYTES} * q, hash);
      if (distance <= options_.support_radius && !row_.push({q, distance})) return false;
    }
    return true;
  }

  // Finds for one known hash each place of the query where it is the nearest among its surroundings.
  bool along_query(uint32_t k) {
    const double gap = gap_of(query_);
    const size_t before = out_->size();
    if (!local_minima()) return false;
    for (size_t first = 0, last = 0; first < row_.size(); first = last) {
      Near best = row_[first];
      for (last = first + 1; last < row_.size(); ++last) {
        if (query_.from[row_[last].query] - query_.to[row_[last - 1].query] > gap) break;
        if (row_[last].distance < best.distance) best = row_[last];
      }
      const Point point = {query_.from[row_[first].query],
                           query_.to[row_[last - 1].query],
                           known_.from[k],
                           known_.to[k],
                           best.query,
                           k,
                           best.distance,
                           weight_of(best.query),
                           std::max(query_.spacing, known_.spacing)};
      if (!out_->push(point)) return false;
    }
    repeats(before, known_.from[k]);
    if (out_->size() > kMostFound) thin();
    return true;
  }

  // A hash that is nearest in many places belongs to content that repeats. Of the points from `first` on, only those at
  // about the same time in both videos stay.
  void repeats(size_t first, double time) {
    if (out_->size() - first <= kMostRepeats) return;
    std::nth_element(out_->begin() + first, out_->begin() + first + kMostRepeats, out_->end(),
                     [time](const Point& a, const Point& b) {
                       const double x = std::abs(a.q() - time), y = std::abs(b.q() - time);
                       return x != y ? x < y : a.query < b.query;
                     });
    out_->shrink(first + kMostRepeats);
  }

  // Keeps the hashes of the row that are about as near as the nearest within a second before and after. A queue of
  // candidates for the minimum, nearest first, moves along with the window.
  bool local_minima() {
    minima_.shrink(0);
    size_t head = 0, ahead = 0, kept = 0;
    if (!bounds_.resize(row_.size())) return false;
    for (size_t i = 0; i < row_.size(); ++i) {
      const double from = query_.from[row_[i].query] - kSurroundings, to = query_.to[row_[i].query] + kSurroundings;
      for (; ahead < row_.size() && query_.from[row_[ahead].query] <= to; ++ahead) {
        while (minima_.size() > head && row_[minima_[minima_.size() - 1]].distance >= row_[ahead].distance)
          minima_.shrink(minima_.size() - 1);
        if (!minima_.push(static_cast<uint32_t>(ahead))) return false;
      }
      while (query_.to[row_[minima_[head]].query] < from) ++head;
      bounds_[i] = row_[minima_[head]].distance + kPlateau;
    }
    for (size_t i = 0; i < row_.size(); ++i)
      if (row_[i].distance <= bounds_[i]) row_[kept++] = row_[i];
    row_.shrink(kept);
    return true;
  }

  float weight_of(uint32_t q) const {
    const float weight = options_.weights == nullptr ? 1.0f : options_.weights[q];
    return weight > 0 ? std::min(weight, 1.0f) : 0;  // 0 for NaN
  }

  // Finds for one query hash the nearest of each cluster of known hashes, if it is the nearest of theirs as well.
  void along_known() {
    List<Point>& all = *out_;
    std::sort(all.begin(), all.end(), [](const Point& a, const Point& b) {
      return a.query != b.query ? a.query < b.query : a.known < b.known;
    });
    const double gap = gap_of(known_);
    size_t kept = 0;
    for (size_t first = 0, last = 0; first < all.size(); first = last) {
      Point best = all[first];
      for (last = first + 1; last < all.size(); ++last) {
        if (all[last].query != best.query || all[last].k0 - all[last - 1].k1 > gap) break;
        if (all[last].distance < best.distance) best = all[last];
      }
      Point point = best;
      for (size_t i = first; i < last; ++i) {
        if (all[i].distance > best.distance + kPlateau) continue;
        point.k0 = std::min(point.k0, all[i].k0);
        point.k1 = std::max(point.k1, all[i].k1);
      }
      all[kept++] = point;
    }
    all.shrink(kept);
  }

  // Keeps the nearest point of each bucket, and takes larger buckets as long as there are too many points.
  void thin() {
    List<Point>& all = *out_;
    for (double bucket = kBucket; bucket == kBucket || all.size() > kMostPoints; bucket *= 2) {
      const auto q = [bucket](const Point& p) { return std::floor(p.q() / bucket); };
      const auto k = [bucket](const Point& p) { return std::floor(p.k() / bucket); };
      std::sort(all.begin(), all.end(), [&](const Point& a, const Point& b) {
        if (q(a) != q(b)) return q(a) < q(b);
        if (k(a) != k(b)) return k(a) < k(b);
        if (a.distance != b.distance) return a.distance < b.distance;
        return a.query != b.query ? a.query < b.query : a.known < b.known;
      });
      const auto same = [&](const Point& a, const Point& b) { return q(a) == q(b) && k(a) == k(b); };
      all.shrink(static_cast<size_t>(std::unique(all.begin(), all.end(), same) - all.begin()));
    }
  }

  bool cancelled(uint32_t k) const {
    const emp_cancel& cancel = options_.cancel;
    return k % 64 == 0 && cancel.poll != nullptr && cancel.poll(cancel.context) != 0;
  }

  const emp_video& query_;
  const emp_video& known_;
  const emp_video_options& options_;
  List<Point>* out_;
  List<Near> row_;
  List<uint32_t> minima_, bounds_;
};

}  // namespace

emp_status find_points(const emp_video& query, const emp_video& known, const emp_video_options& options,
                       List<Point>* out) {
  return Finder(query, known, options, out).run();
}

}  // namespace empreinte
