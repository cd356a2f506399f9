// Which stretches are a match. Unrelated videos share black, title cards, countdowns and test patterns, often at their
// beginning: a stretch that is but a part of both videos has to show more than one picture, and more of them where
// nothing moves or where it is the beginning of both; and there a drawn picture (drawn.cc) is worth little wherever it
// stands. Where it is nearly all of one of them, one picture is enough when it is near, drawn or not.
#include <algorithm>
#include <cmath>

#include "stretch.h"

namespace empreinte {
namespace {

constexpr double kNearlyAll = 0.7;  // of a video's time,
constexpr double kAll = 0.9;        // and where a leader of still pictures is most of it
constexpr double kEntire = 0.95;    // and where pictures that stand still only look alike
constexpr double kMostOf = 0.8;
constexpr double kLeastShare = 0.3;  // of a stretch's samples
constexpr double kNear = 16;         // bits, for one picture
constexpr double kLeastWeight = 0.02;
constexpr double kStill = 0.6;
constexpr double kMostlySeen = 0.5;
constexpr double kSameTime = 6;  // seconds that a leader may stand later in one video than in the other,
constexpr double kAtEnd = 3;     // and in the one where it is earlier, after its beginning
// Distinct pictures needed:
constexpr double kMoving = 2, kUnknown = 2.5, kStatic = 6, kLeader = 8, kStaticLeader = 12, kUnanchored = 3;

double length(const emp_video_segment& s) { return s.query_to - s.query_from; }

// At the beginning of both videos, or at the end of both.
bool leader(const Videos& videos, const emp_video_segment& s) {
  const auto together = [](double a, double b) { return std::min(a, b) <= kAtEnd && std::abs(a - b) <= kSameTime; };
  return together(s.query_from, s.known_from) ||
         together(videos.query.duration - s.query_to, videos.known.duration - s.known_to);
}

double needed(const Videos& videos, const emp_video_segment& s) {
  const bool leads = leader(videos, s);
  if (s.static_share >= kStill) return leads ? kStaticLeader : kStatic;
  if (s.static_share < 0) return leads ? kStaticLeader : kUnknown;
  return leads ? kLeader : kMoving;
}

// What speaks for a stretch that is only a part of both videos: all of it where no more than half is drawn, since what
// a camera saw may look it, too: a bird in the sky.
double usable_evidence(const Stretch& s) {
  return s.partial_evidence >= kMostlySeen * s.segment.evidence ? s.segment.evidence : s.partial_evidence;
}

// Seconds in any of the stretches, or in any that is no leader of still pictures.
template <class From, class To>
double covered(const Videos& videos, const List<Stretch>& stretches, bool leaders, From from, To to) {
  // At most EMP_VIDEO_SEGMENTS: each counts for what no earlier one has, by going through the ends.
  double ends[2 * EMP_VIDEO_SEGMENTS];
  size_t n = 0;
  const auto counts = [&](const emp_video_segment& s) {
    return leaders || s.static_share < kStill || !leader(videos, s);
  };
  for (const Stretch& s : stretches)
    if (counts(s.segment)) ends[n++] = from(s.segment), ends[n++] = to(s.segment);
  std::sort(ends, ends + n);
  double sum = 0;
  for (size_t i = 0; i + 1 < n; ++i) {
    const double middle = (ends[i] + ends[i + 1]) / 2;
    const auto in = [&](const Stretch& s) {
      return counts(s.segment) && from(s.segment) <= middle && middle <= to(s.segment);
    };
    if (std::any_of(stretches.begin(), stretches.end(), in)) sum += ends[i + 1] - ends[i];
  }
  return sum;
}

template <class Good>
void keep(List<Stretch>* stretches, Good good, const Videos& videos) {
  Stretch* end =
      std::remove_if(stretches->begin(), stretches->end(), [&](const Stretch& s) { return !good(videos, s); });
  stretches->shrink(static_cast<size_t>(end - stretches->begin()));
}

}  // namespace

void decide(const Videos& videos, List<Stretch>* stretches) {
  // One picture at least is the same by itself, or many nearly are.
  const auto anchored = [](const Videos& v, const Stretch& s) {
    return s.segment.nearest <= v.options.radius || s.segment.evidence >= kUnanchored;
  };
  const auto possible = [](const Videos& v, const Stretch& s) {
    return s.segment.share >= kLeastShare && s.weight >= kLeastWeight && length(s.segment) >= std::min(0.5, v.sparse());
  };
  const auto enough = [](const Videos& v, const Stretch& s) { return usable_evidence(s) >= needed(v, s.segment); };
  keep(stretches, possible, videos);
  keep(stretches, anchored, videos);
  const auto covers = [&](bool leaders, double least) {
    const double of_query = covered(
        videos, *stretches, leaders, [](const emp_video_segment& s) { return s.query_from; },
        [](const emp_video_segment& s) { return s.query_to; });
    const double of_known = covered(
        videos, *stretches, leaders, [](const emp_video_segment& s) { return s.known_from; },
        [](const emp_video_segment& s) { return s.known_to; });
    return of_query >= least * videos.query.duration || of_known >= least * videos.known.duration;
  };
  const bool nearly_all = covers(false, kNearlyAll) || covers(true, kAll);
  double evidence = 0;
  for (const Stretch& s : *stretches) evidence += s.segment.evidence / std::max(s.weight, 0.01);
  const auto near = [](const Videos&, const Stretch& s) { return s.segment.distance <= kNear; };
  // Farther pictures may look alike only, as the digits of two countdowns do: where nothing moves, so that they are not
  // a moment apart either, all of one video must be there, and not be drawn.
  const bool entire = covers(true, kEntire);
  const auto near_or_more = [entire](const Videos&, const Stretch& s) {
    if (s.segment.distance <= kNear) return true;
    if (s.segment.static_share < kStill) return s.segment.evidence >= 1.5 * s.weight;
    return entire && s.segment.share >= kMostOf && usable_evidence(s) >= 1.5 * s.weight;
  };
  if (nearly_all && evidence >= 1.5) return keep(stretches, near_or_more, videos);
  if (nearly_all) return keep(stretches, near, videos);
  keep(stretches, enough, videos);
}

}  // namespace empreinte
