// Runs the steps of an alignment. It finds the points, then repeatedly the best chain with its line, extent and
// evidence. The points around a line are not used again. The decision comes last.
#include <algorithm>
#include <cmath>

#include "stretch.h"

namespace empreinte {
namespace {

constexpr int kMostChains = 128;
// The most points that all chains together may visit: a few seconds of work, for an hour of repeating content.
constexpr uint64_t kMostWork = 200'000;
constexpr double kLeastScore = 0.05;
constexpr double kAround = 2;      // seconds from a line within which points belong to it
constexpr double kLeastNew = 0.5;  // of a stretch's time in one of the videos

bool good_video(const emp_video& v) {
  if (v.count >= uint32_t{1} << 31 || !(v.duration >= 0) || !(v.duration < 1e9)) return false;
  if (!(v.spacing > 0) || !(v.spacing < 1e6)) return false;
  for (size_t i = 0; i < v.count; ++i) {
    if (!(v.from[i] >= 0) || !(v.to[i] >= v.from[i]) || !(v.to[i] < 1e9)) return false;
    if (i > 0 && (v.from[i] < v.from[i - 1] || v.to[i] < v.to[i - 1])) return false;
  }
  return true;
}

double overlap(double a0, double a1, double b0, double b1) {
  return std::max(0.0, std::min(a1, b1) - std::max(a0, b0));
}

// Returns whether a segment adds time of either video to the segments so far. Otherwise a loop of one second in both
// videos would match at every offset.
bool adds(const List<Stretch>& there, const emp_video_segment& s) {
  double query = 0, known = 0;
  for (const Stretch& t : there) {
    query += overlap(s.query_from, s.query_to, t.segment.query_from, t.segment.query_to);
    known += overlap(s.known_from, s.known_to, t.segment.known_from, t.segment.known_to);
  }
  return query <= (1 - kLeastNew) * (s.query_to - s.query_from) ||
         known <= (1 - kLeastNew) * (s.known_to - s.known_from);
}

// Collects the points of the chain and all others on its line between its ends, and marks the used ones.
emp_status take(const Videos& videos, const Chain& chain, const Line& line, List<uint8_t>* used, List<uint32_t>* on) {
  on->shrink(0);
  double q0 = INFINITY, q1 = -INFINITY;
  for (const uint32_t i : chain.path) {
    q0 = std::min(q0, videos.points[i].q0), q1 = std::max(q1, videos.points[i].q1);
    (*used)[i] = 1;
  }
  const double k0 = line.known(q0), k1 = line.known(q1);
  for (uint32_t i = 0; i < videos.points.size(); ++i) {
    const Point& p = videos.points[i];
    const bool within = p.q() >= q0 && p.q() <= q1;
    const bool chained = std::binary_search(chain.path.begin(), chain.path.end(), i);
    if ((chained || (within && (*used)[i] == 0)) && on_line(videos, line, p) && !on->push(i)) return EMP_OUT_OF_MEMORY;
    if (!within) continue;
    const bool around = std::abs(line.beside(p)) <= kAround + p.k_half() + line.speed * p.q_half();
    if (around || (p.k() >= k0 && p.k() <= k1)) (*used)[i] = 1;
  }
  return EMP_OK;
}

emp_status find_stretches(const Videos& videos, List<Stretch>* out) {
  List<uint8_t> used;
  List<uint32_t> on;
  if (!used.resize(videos.points.size())) return EMP_OUT_OF_MEMORY;
  std::fill(used.begin(), used.end(), uint8_t{0});
  Chain chain;
  uint64_t work = 0;
  for (int round = 0; round < kMostChains && out->size() < EMP_VIDEO_SEGMENTS; ++round) {
    work += static_cast<uint64_t>(std::count(used.begin(), used.end(), uint8_t{0}));
    if (work > kMostWork) break;
    emp_status status = best_chain(videos.points, used, videos.dense(), videos.sparse(), videos.options, &chain);
    if (status != EMP_OK) return status;
    if (chain.score < kLeastScore) break;
    Stretch stretch = {fit_line(videos.points, chain, videos.dense(), videos.options), {}, 0, 0};
    status = take(videos, chain, stretch.line, &used, &on);
    if (status != EMP_OK) return status;
    if (on.empty()) continue;
    status = find_extent(videos, on, &stretch);
    if (status == EMP_OK) status = weigh(videos, on, &stretch);
    if (status != EMP_OK) return status;
    if (adds(*out, stretch.segment) && !out->push(stretch)) return EMP_OUT_OF_MEMORY;
  }
  return EMP_OK;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

emp_status emp_video_align(const emp_video* query, const emp_video* known, const emp_video_options* options,
                           emp_video_segment segments[EMP_VIDEO_SEGMENTS], size_t* count) {
  *count = 0;
  if (options->support_radius > 256 || options->radius > options->support_radius) return EMP_BAD_RADIUS;
  if (!(options->min_speed >= 0.1) || !(options->max_speed <= 10) || !(options->min_speed <= options->max_speed))
    return EMP_BAD_OPTION;
  if (!good_video(*query) || !good_video(*known)) return EMP_BAD_OPTION;
  List<Point> points;
  emp_status status = find_points(*query, *known, *options, &points);
  if (status != EMP_OK) return status;
  const Videos videos = {*query, *known, *options, points};
  List<Stretch> stretches;
  status = find_stretches(videos, &stretches);
  if (status != EMP_OK) return status;
  if (options->include_weak == 0) decide(videos, &stretches);
  for (const Stretch& stretch : stretches) segments[(*count)++] = stretch.segment;
  std::sort(segments, segments + *count, [](const emp_video_segment& a, const emp_video_segment& b) {
    return a.query_from != b.query_from ? a.query_from < b.query_from : a.known_from < b.known_from;
  });
  return EMP_OK;
}
