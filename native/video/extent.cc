// Finds where the match on a line begins and ends. Its outermost points are certain. It continues beyond them, but ends
// before the next sample of the sparser side that should have matched and did not. In between, the end is unknown. It
// is assumed in the middle, at the query's only cut there, or at the end of either video when that comes first.
#include <algorithm>
#include <cmath>

#include "stretch.h"

namespace empreinte {
namespace {

constexpr double kSnap = 0.5;  // seconds from the end of a video within which the stretch ends with the video
constexpr double kTogether = 0.5, kMostSnap = 2, kMostBlank = 4;
constexpr uint32_t kCut = 64;       // bits between the frames before and after a cut
constexpr double kTouching = 0.25;  // seconds

// Finds the first sample after `time`, or before it with `back`. Returns false when there is none.
bool next_sample(const emp_video& video, double time, bool back, double* out) {
  if (back) {
    const double* at = std::lower_bound(video.to, video.to + video.count, time);
    return at != video.to && (*out = at[-1], true);
  }
  const double* at = std::upper_bound(video.from, video.from + video.count, time);
  return at != video.from + video.count && (*out = *at, true);
}

// Finds the only cut of the query between two times. Returns false when there is none, or more than one.
bool only_cut(const emp_video& query, double a, double b, double* out) {
  const double low = std::min(a, b), high = std::max(a, b);
  size_t cuts = 0;
  for (size_t i = static_cast<size_t>(std::lower_bound(query.from, query.from + query.count, low) - query.from);
       i < query.count && query.from[i] <= high; ++i) {
    if (i == 0 || query.from[i] - query.to[i - 1] > kTouching) continue;
    if (emp_hash_distance(query.hashes + EMP_HASH_BYTES * i, query.hashes + EMP_HASH_BYTES * (i - 1)) < kCut) continue;
    *out = query.from[i];
    ++cuts;
  }
  return cuts == 1;
}

// Returns whether a run of the query is near a known hash at that time.
bool matches_at(const Videos& videos, uint32_t run, double known_time) {
  const emp_video& known = videos.known;
  const double within = std::max(kTouching / 2, known.spacing / 2);
  const double* at = std::lower_bound(known.to, known.to + known.count, known_time - within);
  const uint8_t* hash = videos.query.hashes + size_t{EMP_HASH_BYTES} * run;
  for (size_t k = static_cast<size_t>(at - known.to); k < known.count && known.from[k] <= known_time + within; ++k)
    if (emp_hash_distance(known.hashes + size_t{EMP_HASH_BYTES} * k, hash) <= videos.options.support_radius)
      return true;
  return false;
}

// Follows the line from a certain time, run by run of the query, as long as one matches within each step. Points are
// only the nearest pairs, so their neighbours may match as well, for example in a static scene.
double followed(const Videos& videos, const Line& line, double certain, bool back) {
  const emp_video& query = videos.query;
  const double patience = std::max(kTouching, 1.1 * videos.sparse());
  const size_t first = static_cast<size_t>(std::lower_bound(query.to, query.to + query.count, certain) - query.to);
  if (back) {
    for (size_t i = std::min(first + 1, query.count); i-- > 0;) {
      const double end = std::min(query.to[i], certain);
      if (certain - end > patience) break;
      if (query.from[i] < certain && matches_at(videos, static_cast<uint32_t>(i), line.known(end)))
        certain = std::max(query.from[i], std::min(end, line.query(videos.known.from[0])));
    }
    return certain;
  }
  for (size_t i = first; i < query.count; ++i) {
    const double start = std::max(query.from[i], certain);
    if (start - certain > patience) break;
    if (query.to[i] > certain && matches_at(videos, static_cast<uint32_t>(i), line.known(start)))
      certain = std::min(query.to[i], std::max(start, line.query(videos.known.to[videos.known.count - 1])));
  }
  return certain;
}

double extended(const Videos& videos, const Line& line, double certain, bool back) {
  const emp_video &query = videos.query, &known = videos.known;
  const double sign = back ? -1 : 1;
  const double query_end = back ? 0 : query.duration, known_end = line.query(back ? 0 : known.duration);
  // The nearer end of the two videos, but never inside the certain part.
  const double end = sign * std::max(sign * certain, std::min(sign * query_end, sign * known_end));
  const bool by_known = known.spacing >= query.spacing;
  const double step = by_known ? known.spacing / line.speed : query.spacing;
  const double beyond = certain + sign * 0.02;
  double sample = 0, missed = end;
  if (by_known ? next_sample(known, line.known(beyond), back, &sample) : next_sample(query, beyond, back, &sample))
    missed = by_known ? line.query(sample) : sample;
  else
    missed = certain + sign * 2 * step;
  // Videos have no hashes of frames with low quality, so the next sample may be far away.
  if (sign * (missed - certain) > 2 * step) missed = certain + sign * 2 * step;
  double reached = end;
  if (sign * missed < sign * end - 0.02) {
    double cut;
    const bool cut_there = query.spacing <= kTouching && only_cut(query, certain, missed, &cut);
    reached = cut_there ? cut : (certain + missed) / 2;
  }
  // When both videos end at about the same time, the match most likely reaches the end of both.
  const bool together = std::abs(query_end - known_end) <= kTogether;
  // That is even likelier when one of them has nothing left to compare: a fade to black, or a blurred scene.
  const double behind = certain + sign * (step + 0.02);
  const bool blank =
      !next_sample(query, behind, back, &sample) || !next_sample(known, line.known(behind), back, &sample);
  if (together && blank && sign * (end - certain) <= kMostBlank) return end;
  const double snap = together ? std::clamp(2 * videos.sparse(), kSnap, kMostSnap) : kSnap;
  return sign * (end - reached) <= snap ? end : reached;
}

double end_of(const emp_video& video) {
  return video.count == 0 ? video.duration : std::max(video.duration, video.to[video.count - 1]);
}

}  // namespace

bool on_line(const Videos& videos, const Line& line, const Point& p) {
  return std::abs(line.beside(p)) <= videos.tolerance() + p.unknown(line.speed);
}

emp_status find_extent(const Videos& videos, const List<uint32_t>& points, Stretch* stretch) {
  const Line& line = stretch->line;
  double from = INFINITY, to = -INFINITY;
  for (const uint32_t i : points) {
    const Point& p = videos.points[i];
    if (!on_line(videos, line, p)) continue;
    double a = std::max(p.q0, line.query(p.k0)), b = std::min(p.q1, line.query(p.k1));
    if (a > b) a = b = std::clamp((a + b) / 2, p.q0, p.q1);  // the line does not cross the rectangle
    from = std::min(from, a), to = std::max(to, b);
  }
  emp_video_segment& s = stretch->segment;
  if (from > to) from = to = videos.points[points[0]].q();
  from = followed(videos, line, from, true), to = followed(videos, line, to, false);
  // A line is accurate to a fraction of a second, so its ends may be slightly outside the videos.
  s.query_from = std::clamp(extended(videos, line, from, true), 0.0, end_of(videos.query));
  s.query_to = std::clamp(extended(videos, line, to, false), s.query_from, end_of(videos.query));
  s.known_from = std::clamp(line.known(s.query_from), 0.0, end_of(videos.known));
  s.known_to = std::clamp(line.known(s.query_to), s.known_from, end_of(videos.known));
  s.speed = line.speed;
  return EMP_OK;
}

}  // namespace empreinte
