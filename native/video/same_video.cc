// Decides which stretches are a match. Unrelated videos share black, title cards, countdowns and test patterns, often
// at their beginning. A stretch that is only a part of both videos therefore needs several distinct images. It needs
// more of them where nothing moves, or at the beginning or end of both videos, and synthetic images (synthetic.cc)
// count little. A stretch that is nearly all of one video needs a single image when that is near, synthetic or not.
#include <algorithm>
#include <cmath>

#include "stretch.h"

namespace empreinte {
namespace {

constexpr double kNearlyAll = 0.7;  // of a video's time
constexpr double kAll = 0.9;        // of a video's time, where a static leader is most of it
constexpr double kEntire = 0.95;    // of a video's time, where static images are not near
constexpr double kMostOf = 0.8;
constexpr double kLeastShare = 0.3;  // of a stretch's samples
constexpr double kNear = 16;         // bits, for one image
constexpr double kLeastWeight = 0.02;
constexpr double kStill = 0.6;
constexpr double kMostlySeen = 0.5;
constexpr double kSameTime = 6;  // seconds by which a leader may be later in one video than in the other
constexpr double kAtEnd = 3;     // seconds from the beginning of the video in which the leader is earlier
// How many distinct images a stretch needs.
constexpr double kMoving = 2, kUnknown = 2.5, kStatic = 6, kLeader = 8, kStaticLeader = 12, kUnanchored = 3;

double length(const emp_video_segment& s) { return s.query_to - s.query_from; }

// Returns whether the stretch is a leader: at the beginning of both videos, or at the end of both.
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

// Returns the evidence for a stretch that is only a part of both videos. It is all of the evidence when at most half of
// it is synthetic, because some camera images look synthetic as well: a bird in the sky.
double usable_evidence(const Stretch& s) {
  return s.partial_evidence >= kMostlySeen * s.segment.evidence ? s.segment.evidence : s.partial_evidence;
}

// Returns how many seconds the stretches cover, with static leaders or without.
template <class From, class To>
double covered(const Videos& videos, const List<Stretch>& stretches, bool leaders, From from, To to) {
  // There are at most EMP_VIDEO_SEGMENTS. Between two neighbouring ends, time counts once when any stretch covers it.
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
  // A match needs one image that is the same by itself, or many that nearly are.
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
  // Images that are farther apart may only look alike, as the digits of two countdowns do. Where something moves, they
  // may be a frame apart. If nothing moves, the stretch must be all of one video and must not be synthetic.
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
