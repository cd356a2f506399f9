// The aligner of two videos against what was done to the one, and against brute force; unrelated videos; input that is
// wrong. A film here is a function from time to hash: scenes with cuts between them, in each of which bits flip one
// after the other, fast, slowly or not at all.
//
//   video <seed> <rounds>
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <cmath>
#include <limits>

#include "searching.h"

namespace {

int checks = 0, failures = 0;
bool expect(bool good, const char* what) {
  ++checks;
  if (good) return true;
  ++failures;
  std::printf("FAIL %s\n", what);
  return false;
}

class Film {
 public:
  Film(Random& random, double seconds) : seconds(seconds) {
    for (double at = 0; at < seconds;) {
      Scene scene = {at, random.hash(), {}, std::array{0.0, 8.0, 30.0, 60.0}[random.below(4)]};
      for (size_t i = 0; i < 256; ++i) scene.order[i] = static_cast<uint8_t>(i);
      for (size_t i = 256; i-- > 1;) std::swap(scene.order[i], scene.order[random.below(i + 1)]);
      scenes_.push_back(scene);
      at += 1.5 + static_cast<double>(random.below(5000)) / 1000;
    }
  }
  Hash at(double time) const {
    size_t i = scenes_.size() - 1;
    while (i > 0 && scenes_[i].from > time) --i;
    Hash hash = scenes_[i].first;
    const double flipped = std::clamp((time - scenes_[i].from) * scenes_[i].bits, 0.0, 200.0);
    for (size_t b = 0; b < static_cast<size_t>(flipped); ++b) {
      const uint8_t bit = scenes_[i].order[b];
      hash[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    return hash;
  }
  double seconds;

 private:
  struct Scene {
    double from;
    Hash first;
    std::array<uint8_t, 256> order;
    double bits;  // a second
  };
  std::vector<Scene> scenes_;
};

// Hashes and times, and the view of them that the core takes.
struct Video {
  std::vector<Hash> hashes;
  std::vector<double> times;
  double duration = 0, spacing = 1;

  void add(double time, const Hash& hash) { times.push_back(time), hashes.push_back(hash); }
  emp_video view() const {
    return {hashes.empty() ? nullptr : hashes[0].data(), times.data(), times.data(), times.size(), duration, spacing};
  }
};

// A stretch of a film as it is shown, at one moment of a video.
struct Piece {
  const Film* film;
  double from, seconds, speed;  // seconds of the film, as shown, film seconds a shown second
};

Video shown(Random& random, const std::vector<Piece>& pieces, double spacing, double phase, uint64_t noise) {
  Video video;
  video.spacing = spacing;
  double start = 0;
  for (const Piece& piece : pieces) {
    const double end = start + piece.seconds;
    for (double t = phase + spacing * std::ceil((start - phase) / spacing); t < end - 1e-9; t += spacing)
      if (t >= start) video.add(t, random.near(piece.film->at(piece.from + (t - start) * piece.speed), noise));
    start = end;
  }
  video.duration = start;
  return video;
}

std::vector<emp_video_segment> align(const Video& query, const Video& known, bool include_weak = false,
                                     emp_status wanted = EMP_OK, const std::vector<float>& partial_weights = {}) {
  const emp_video q = query.view(), k = known.view();
  emp_video_options options = {};
  options.radius = 31, options.support_radius = 46, options.min_speed = 0.5, options.max_speed = 2;
  options.include_weak = include_weak ? 1 : 0;
  options.partial_weights = partial_weights.empty() ? nullptr : partial_weights.data();
  std::vector<emp_video_segment> segments(EMP_VIDEO_SEGMENTS);
  size_t count = 0;
  expect(emp_video_align(&q, &k, &options, segments.data(), &count) == wanted, "the status");
  segments.resize(count);
  const auto end = [](const Video& v) { return v.times.empty() ? v.duration : std::max(v.duration, v.times.back()); };
  const bool inside = std::all_of(segments.begin(), segments.end(), [&](const emp_video_segment& s) {
    return s.query_from >= 0 && s.known_from >= 0 && s.query_to <= end(query) && s.known_to <= end(known);
  });
  expect(inside, "segments inside both videos");
  return segments;
}

// Whether one of the segments is this one: both ends within half a second, on both sides.
bool has(const std::vector<emp_video_segment>& segments, double q0, double q1, double k0, double k1, double within) {
  return std::any_of(segments.begin(), segments.end(), [&](const emp_video_segment& s) {
    return std::abs(s.query_from - q0) <= within && std::abs(s.query_to - q1) <= within &&
           std::abs(s.known_from - k0) <= within && std::abs(s.known_to - k1) <= within;
  });
}

void show(const std::vector<emp_video_segment>& segments) {
  for (const emp_video_segment& s : segments)
    std::printf("    %.2f-%.2f = %.2f-%.2f x%.3f, %.1f bits, share %.2f, evidence %.1f\n", s.query_from, s.query_to,
                s.known_from, s.known_to, s.speed, s.distance, s.share, s.evidence);
}

double between(Random& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random.below(100001)) / 100000;
}

// A dense query and a list of one a second, or both dense: a film trimmed and sped up.
void trims(Random& random) {
  const Film film(random, 40);
  const double speed = std::array{0.5, 0.8, 1.0, 1.0, 1.25, 2.0}[random.below(6)];
  const double from = between(random, 2, 8), seconds = between(random, 14, 26) / speed;
  const bool dense = random.one_in(2);
  const Video known = shown(random, {{&film, 0, film.seconds, 1}}, dense ? 0.04 : 1, 0, 0);
  const Video query = shown(random, {{&film, from, seconds, speed}}, 0.04, 0, 4);
  const auto found = align(query, known);
  if (expect(has(found, 0, seconds, from, from + seconds * speed, 0.75), "a trimmed film")) return;
  std::printf("  from %.2f, %.2f s, speed %.2f, known every %.2f s\n", from, seconds, speed, known.spacing);
  show(found);
}

// Two stretches of a film in the other order, strangers before, between and behind.
void reordered(Random& random) {
  const Film film(random, 60), stranger(random, 60);
  const Video known = shown(random, {{&film, 0, 60, 1}}, 0.2, 0, 0);
  const Video query = shown(random,
                            {{&stranger, 0, 6, 1},
                             {&film, 40, 15, 1},
                             {&stranger, 10, 5, 1},
                             {&film, 8, 12, 1},
                             {&film, 40, 15, 1},
                             {&stranger, 30, 9, 1}},
                            0.08, 0, 3);
  const auto found = align(query, known, true);
  const bool all = has(found, 6, 21, 40, 55, 0.5) && has(found, 26, 38, 8, 20, 0.5) && has(found, 38, 53, 40, 55, 0.5);
  if (!expect(all, "stretches in another order, one of them twice")) show(found);
  // And the other way round: what is once in the query is twice in the known video.
  const auto back = align(known, query, true);
  const bool both = has(back, 40, 55, 6, 21, 0.5) && has(back, 8, 20, 26, 38, 0.5) && has(back, 40, 55, 38, 53, 0.5);
  if (!expect(both, "one stretch that the known video has twice")) show(back);
}

// Nothing matches for some seconds in the middle.
void gap(Random& random) {
  const Film film(random, 40), stranger(random, 40);
  const Video known = shown(random, {{&film, 0, 40, 1}}, 1, 0, 0);
  const Video query = shown(random, {{&film, 0, 16, 1}, {&stranger, 0, 6, 1}, {&film, 22, 18, 1}}, 0.04, 0, 3);
  const auto found = align(query, known);
  if (!expect(has(found, 0, 40, 0, 40, 0.75), "a film with a gap")) show(found);
}

void loop(Random& random) {
  const Film film(random, 3);
  std::vector<Piece> pieces(12, Piece{&film, 0, 3, 1});
  const Video video = shown(random, pieces, 0.1, 0, 0);
  const auto found = align(video, video, true);
  if (!expect(found.size() <= 3 && has(found, 0, 36, 0, 36, 0.5), "a loop matches itself once")) show(found);
}

// Different films behind the same seconds of something that does not move, or changes once a second.
void leaders(Random& random) {
  const Film a(random, 30), b(random, 30);
  Random same(7);
  for (const bool counting : {false, true}) {
    Hash hash = same.hash();
    const auto with_leader = [&](const Film& film, double offset) {
      Video video = shown(random, {{&film, offset, 25, 1}}, 0.04, 0, 2);
      Random digits(9);
      Hash shown_hash = hash;
      for (size_t i = 0; i < 125; ++i) {
        if (counting && i % 25 == 0) shown_hash = digits.hash();
        video.hashes[i] = shown_hash;
      }
      return video;
    };
    const Video one = with_leader(a, 0), other = with_leader(b, 0);
    if (!expect(align(one, other).empty(), "a leader of still images is no match")) show(align(one, other));
    expect(!align(one, other, true).empty(), "it is a stretch, though");
  }
  expect(align(shown(random, {{&a, 0, 30, 1}}, 0.04, 0, 0), shown(random, {{&b, 0, 30, 1}}, 0.04, 0, 0), true).empty(),
         "unrelated films have nothing in common");
}

// Ten seconds of a film inside two others: a match, unless most of its images are worth little; a video that is all
// there is one all the same.
void partial_weights(Random& random) {
  const Film film(random, 40), a(random, 40), b(random, 40);
  const Video query = shown(random, {{&a, 0, 11, 1}, {&film, 5, 12, 1}, {&a, 11, 9, 1}}, 0.2, 0, 2);
  const Video known = shown(random, {{&b, 0, 19, 1}, {&film, 5, 12, 1}, {&b, 19, 14, 1}}, 0.2, 0, 0);
  const auto is = [&](const std::vector<emp_video_segment>& s) { return has(s, 11, 23, 19, 31, 0.5); };
  std::vector<float> little(query.times.size(), 0.15f), some = little;
  for (size_t i = 0; i < some.size(); ++i)
    if (i % 25 < 20) some[i] = 1;
  const auto matched = align(query, known);
  // If nothing in the film moves, one excerpt of it may say too little by itself.
  if (!matched.empty()) {
    expect(is(matched), "an excerpt in two films");
    expect(is(align(query, known, false, EMP_OK, some)), "of which a fifth is drawn");
  }
  expect(align(query, known, false, EMP_OK, little).empty(), "all of it drawn");
  expect(is(align(query, known, true, EMP_OK, little)), "it is a stretch, though");
  const Video whole = shown(random, {{&film, 5, 12, 1}}, 0.2, 0, 2);
  expect(has(align(whole, known, false, EMP_OK, std::vector<float>(whole.times.size(), 0.15f)), 0, 12, 19, 31, 0.5),
         "a drawn video that is all there");
}

// Both end in three seconds of which nothing could be hashed: there they end together, unless one has something else.
void blank_end(Random& random) {
  const Film film(random, 30), stranger(random, 30);
  const double spacing = random.one_in(2) ? 0.04 : 1;
  Video known = shown(random, {{&film, 0, 20, 1}}, spacing, 0, 0);
  Video query = shown(random, {{&film, 0, 20, 1}}, 0.04, 0, 2);
  known.duration = query.duration = 23;
  const auto together = align(query, known);
  if (!expect(has(together, 0, 23, 0, 23, 0.15), "two films that go dark")) show(together);
  const Video other = shown(random, {{&film, 0, 20, 1}, {&stranger, 3, 3, 1}}, 0.04, 0, 2);
  const Video longer = shown(random, {{&film, 0, 20, 1}, {&stranger, 17, 3, 1}}, spacing, 0, 0);
  const auto apart = align(other, longer);
  if (!expect(has(apart, 0, 20, 0, 20, 0.75), "two films that end in something else")) show(apart);
}

// How many of the query's hashes have a known one near the line.
size_t supported(const Video& query, const Video& known, double speed, double offset) {
  size_t count = 0;
  for (size_t i = 0; i < query.times.size(); ++i) {
    bool any = false;
    for (size_t j = 0; j < known.times.size() && !any; ++j)
      any = std::abs(speed * query.times[i] + offset - known.times[j]) <= 0.5 &&
            plain_distance(query.hashes[i], known.hashes[j]) <= 46;
    count += any;
  }
  return count;
}

// The best of all lines through a pair of near hashes, at speeds one percent apart, against the aligner's.
void brute_force(Random& random) {
  const Film film(random, 24);
  const double speed = between(random, 0.6, 1.7), from = between(random, 0, 6);
  const Video known = shown(random, {{&film, 0, film.seconds, 1}}, 0.5, 0, 0);
  const Video query = shown(random, {{&film, from, 14 / speed, speed}}, 0.5, between(random, 0, 0.5), 3);
  size_t best = 0;
  for (size_t i = 0; i < query.times.size(); ++i)
    for (size_t j = 0; j < known.times.size(); ++j) {
      if (plain_distance(query.hashes[i], known.hashes[j]) > 46) continue;
      for (double s = 0.5; s <= 2; s *= 1.01)
        best = std::max(best, supported(query, known, s, known.times[j] - s * query.times[i]));
    }
  size_t ours = 0;
  const auto found = align(query, known, true);
  for (const emp_video_segment& s : found)
    ours = std::max(ours, supported(query, known, s.speed, s.known_from - s.speed * s.query_from));
  if (expect(ours * 10 >= best * 9, "the line of brute force has more than a tenth more")) return;
  std::printf("  %zu against %zu of %zu, speed %.3f from %.2f\n", ours, best, query.times.size(), speed, from);
  show(found);
}

// Anything but wrong times has an answer. Places are examined only where the call wants them.
void strange(Random& random) {
  Video video, other;
  const size_t count = random.below(300);
  double time = 0;
  for (size_t i = 0; i < count; ++i) {
    time += random.one_in(3) ? 0 : between(random, 0, random.one_in(20) ? 1e6 : 3);
    video.add(time, random.one_in(2) ? Hash{} : random.near(Hash{}, 40));
    other.add(time / 2, random.near(Hash{}, 30));
  }
  video.duration = random.one_in(2) ? 0 : time;
  other.duration = time;
  video.spacing = random.one_in(2) ? 1e-9 : 1e5;
  align(video, other, random.one_in(2));
  align(other, video, random.one_in(2));
  if (count < 2) return;
  const emp_video q = video.view(), k = other.view();
  const emp_video_near inside[] = {{0, static_cast<uint32_t>(count - 1)}},
                       outside[] = {{0, static_cast<uint32_t>(count)}};
  emp_video_options options = {};
  options.radius = 31, options.support_radius = 46, options.min_speed = 0.5, options.max_speed = 2;
  options.places = inside, options.place_count = 1;
  emp_video_segment segments[EMP_VIDEO_SEGMENTS];
  size_t found = 0;
  expect(emp_video_align(&q, &k, &options, segments, &found) == EMP_OK, "one place");
  options.places = outside;
  expect(emp_video_align(&q, &k, &options, segments, &found) == EMP_BAD_OPTION, "a place outside");
  options.places = nullptr;
  options.cancel.poll = [](void*) { return 1; };
  expect(emp_video_align(&q, &k, &options, segments, &found) == EMP_CANCELLED && found == 0, "cancelled");
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
  for (const double wrong : {kNaN, -1.0, kInfinity, -kInfinity}) {
    Video bad = video;
    bad.times[count / 2] = wrong;
    align(bad, other, true, EMP_BAD_OPTION);
    align(other, bad, true, EMP_BAD_OPTION);
    bad = video;
    bad.spacing = wrong;
    align(bad, other, true, EMP_BAD_OPTION);
  }
  std::vector<float> weights(count, static_cast<float>(kNaN));
  options.cancel.poll = nullptr;
  options.weights = weights.data();
  expect(emp_video_align(&q, &k, &options, segments, &found) == EMP_OK && found == 0, "weights that are no numbers");
}

// What is around the places is found, and nothing else.
void places(Random& random) {
  const Film film(random, 400);
  const Video known = shown(random, {{&film, 0, 400, 1}}, 1, 0, 0);
  const Video query = shown(random, {{&film, 250, 100, 1}, {&film, 50, 100, 1}}, 0.5, 0, 3);
  const emp_video q = query.view(), k = known.view();
  const emp_video_near near[] = {{100, 300}};
  emp_video_options options = {};
  options.radius = 31, options.support_radius = 46, options.min_speed = 0.5, options.max_speed = 2,
  options.include_weak = 1;
  options.places = near, options.place_count = 1;
  std::vector<emp_video_segment> found(EMP_VIDEO_SEGMENTS);
  size_t count = 0;
  expect(emp_video_align(&q, &k, &options, found.data(), &count) == EMP_OK, "a place");
  found.resize(count);
  if (!expect(has(found, 0, 100, 250, 350, 40), "the stretch around a place")) show(found);
  for (const emp_video_segment& s : found) expect(s.query_from < 100 && s.known_from > 160, "and no other");
  expect(align(query, known).size() >= 2, "without places both");
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 10;
  for (int round = 0; round < rounds; ++round) {
    Random random(seed * 1000 + static_cast<uint64_t>(round));
    trims(random);
    reordered(random);
    gap(random);
    loop(random);
    leaders(random);
    brute_force(random);
    strange(random);
    places(random);
    partial_weights(random);
    blank_end(random);
  }
  std::printf("%d checks of alignments, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
