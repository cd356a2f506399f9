// Measures the evidence for a stretch: how many distinct images match, how much of it matches, and whether it moves.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "stretch.h"

namespace empreinte {
namespace {

constexpr uint32_t kDistinct = 32;      // bits: as far apart as two images that do not match
constexpr uint32_t kHalfDistinct = 16;  // the same scene, moved
constexpr double kBetween = 0.9;        // seconds from one image that counts to the next
constexpr double kWidest = 0.4;         // how much an image counts at the largest distance of a pair
constexpr size_t kMostDistinct = 256;
constexpr double kStill = 0.8;      // seconds without a move
constexpr double kOften = 0.26;     // seconds between samples that are dense enough to show movement
constexpr double kAround = 0.12;    // seconds
constexpr double kLeastBin = 0.25;  // seconds
constexpr double kMostBins = 100000;

const uint8_t* hash_at(const emp_video& video, uint32_t i) { return video.hashes + size_t{EMP_HASH_BYTES} * i; }

// Sums the images that differ from all earlier ones, at most one every `kBetween` seconds.
class DistinctFrames {
 public:
  explicit DistinctFrames(const Videos& videos) : query_(videos.query), options_(videos.options) {}
  void add(const Point& p) {
    if (count_ == kMostDistinct || (count_ > 0 && p.q() - last_ < kBetween)) return;
    uint32_t least = kDistinct;
    for (size_t i = 0; i < count_; ++i)
      least = std::min(least, emp_hash_distance(hash_at(query_, p.query), hash_at(query_, seen_[i])));
    if (least < kHalfDistinct) return;
    const double says = (least >= kDistinct ? 1 : 0.5) * p.weight * certainty(p.distance);
    sum += says;
    partial_sum += says * partial_weight(p.query);
    seen_[count_++] = p.query;
    last_ = p.q();
  }
  double sum = 0;
  double partial_sum = 0;  // the same, by each image's partial weight

 private:
  double partial_weight(uint32_t query) const {
    const float weight = options_.partial_weights == nullptr ? 1.0f : options_.partial_weights[query];
    return weight > 0 ? std::min(weight, 1.0f) : 0;  // 0 for NaN
  }
  double certainty(uint32_t distance) const {
    if (distance <= options_.radius) return 1;
    const double beyond = distance - options_.radius, all = options_.support_radius - options_.radius;
    return 1 - (1 - kWidest) * beyond / all;
  }

  const emp_video& query_;
  const emp_video_options& options_;
  uint32_t seen_[kMostDistinct];
  size_t count_ = 0;
  double last_ = 0;
};

// Returns the share of [from, to] in which nothing moves.
double static_share_of(const emp_video& video, double from, double to) {
  double still = 0;
  for (size_t i = static_cast<size_t>(std::lower_bound(video.to, video.to + video.count, from) - video.to);
       i < video.count && video.from[i] < to; ++i) {
    const double end = std::min(to, video.to[i] + video.spacing), start = std::max(from, video.from[i]);
    if (video.to[i] - video.from[i] >= kStill && end > start) still += end - start;
  }
  return to > from ? std::min(1.0, still / (to - from)) : 1;
}

// Returns whether the other video has a near hash around that time.
bool near_at(const emp_video& other, double time, const uint8_t* hash, uint32_t support_radius) {
  const double within = std::max(kAround, 0.55 * other.spacing);
  for (size_t i = static_cast<size_t>(std::lower_bound(other.to, other.to + other.count, time - within) - other.to);
       i < other.count && other.from[i] <= time + within; ++i)
    if (emp_hash_distance(hash_at(other, static_cast<uint32_t>(i)), hash) <= support_radius) return true;
  return false;
}

// Divides the sparser side's time into bins, and returns the share of the bins with a sample that have a matching one.
class Bins {
 public:
  Bins(double from, double to, double width) : from_(from), width_(std::max(width, (to - from) / kMostBins)) {
    count_ = static_cast<size_t>(std::max(1.0, std::floor((to - from) / width_ + 0.5)));
  }
  bool allocate() { return marks_.resize(count_) && (std::memset(marks_.begin(), 0, count_), true); }
  void mark(double from, double to, uint8_t bit) {
    const double first = std::floor((from - from_) / width_), last = std::floor((to - from_) / width_);
    if (last < 0 || first >= static_cast<double>(count_)) return;
    const size_t end = static_cast<size_t>(std::min(last, static_cast<double>(count_ - 1)));
    for (size_t i = static_cast<size_t>(std::max(first, 0.0)); i <= end; ++i) marks_[i] |= bit;
  }
  double share() const {
    size_t with = 0, matched = 0;
    for (const uint8_t m : marks_) with += m != 0, matched += m >= 2;
    return with == 0 ? 0 : static_cast<double>(matched) / static_cast<double>(with);
  }

 private:
  double from_, width_;
  size_t count_;
  List<uint8_t> marks_;
};

}  // namespace

emp_status weigh(const Videos& videos, const List<uint32_t>& points, Stretch* stretch) {
  emp_video_segment& s = stretch->segment;
  const emp_video &query = videos.query, &known = videos.known;
  const bool by_known = known.spacing >= query.spacing;
  const emp_video& sparse = by_known ? known : query;
  const double from = by_known ? s.known_from : s.query_from, to = by_known ? s.known_to : s.query_to;
  Bins bins(from, to, std::max(kLeastBin, sparse.spacing));
  if (!bins.allocate()) return EMP_OUT_OF_MEMORY;
  for (size_t i = static_cast<size_t>(std::lower_bound(sparse.to, sparse.to + sparse.count, from) - sparse.to);
       i < sparse.count && sparse.from[i] <= to; ++i) {
    const Line& line = stretch->line;
    const double middle = (std::max(from, sparse.from[i]) + std::min(to, sparse.to[i])) / 2;
    const double there = by_known ? line.query(middle) : line.known(middle);
    const uint8_t* hash = hash_at(sparse, static_cast<uint32_t>(i));
    bins.mark(sparse.from[i], sparse.to[i],
              near_at(by_known ? query : known, there, hash, videos.options.support_radius) ? 3 : 1);
  }
  DistinctFrames frames(videos);
  double distance = 0, weight = 0;
  s.matches = 0, s.nearest = UINT32_MAX;
  for (const uint32_t i : points) {
    const Point& p = videos.points[i];
    if (!on_line(videos, stretch->line, p)) continue;
    frames.add(p);
    ++s.matches;
    distance += p.distance, weight += p.weight;
    s.nearest = std::min(s.nearest, p.distance);
    if (by_known)
      bins.mark(std::max(p.k0, from), std::min(p.k1, to), 2);
    else
      bins.mark(std::max(p.q0, from), std::min(p.q1, to), 2);
  }
  if (s.matches == 0) s.nearest = 0;
  s.distance = s.matches == 0 ? 0 : distance / s.matches;
  s.evidence = frames.sum;
  stretch->partial_evidence = frames.partial_sum;
  s.share = bins.share();
  stretch->weight = s.matches == 0 ? 0 : weight / s.matches;
  if (query.spacing <= kOften)
    s.static_share = static_share_of(query, s.query_from, s.query_to);
  else if (known.spacing <= kOften)
    s.static_share = static_share_of(known, s.known_from, s.known_to);
  else
    s.static_share = -1;
  return EMP_OK;
}

}  // namespace empreinte
