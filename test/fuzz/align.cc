// The aligner. The first byte says what is odd about the input, the next ones the options; then two videos, three bytes
// a hash: which of a few images it shows, how far off, and how much later. Times and durations may be any double.
// Whatever it is: an answer or EMP_BAD_OPTION; segments in order, inside both videos, with figures in their ranges; the
// same answer again; and what is a match is among everything.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "../native/searching.h"

namespace {

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// Bytes from the front, zeros behind the end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  // Eight bytes as they are: infinities, NaN, subnormal numbers.
  double any() {
    uint8_t bytes[8];
    for (uint8_t& b : bytes) b = byte();
    double value;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  size_t left() const { return size_ - std::min(at_, size_); }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

struct Video {
  std::vector<uint8_t> hashes;
  std::vector<double> from, to;
  double duration = 0, spacing = 1;

  emp_video view() const { return {hashes.data(), from.data(), to.data(), from.size(), duration, spacing}; }
  double end() const { return to.empty() ? duration : std::max(duration, *std::max_element(to.begin(), to.end())); }
};

Video read_video(Input& in, size_t most, bool odd) {
  static constexpr double kSteps[] = {0, 1.0 / 25, 0.2, 1, 1.5, 30, 3600, 1e5};
  Video video;
  const uint8_t shape = in.byte();
  const double step = kSteps[shape & 7];
  const size_t count = std::min(most, in.left() / 3);
  double time = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t image = in.byte(), off = in.byte(), later = in.byte();
    Random base(image >> 2);
    const Hash hash = Random(uint64_t{off} << 8 | image).near(base.hash(), off % 64);
    video.hashes.insert(video.hashes.end(), hash.begin(), hash.end());
    time += step * (later & 15u);
    video.from.push_back(time);
    time += (later & 0x80) != 0 ? step * (later >> 4 & 7) : 0;
    video.to.push_back(time);
  }
  video.duration = (shape & 8) != 0 ? 0 : time + step;
  video.spacing = (shape & 16) != 0 ? 1e-6 : std::max(step, 1e-3);
  if (odd && count > 0) {
    const uint8_t which = in.byte();
    double* const wrong[] = {&video.from[which % count], &video.to[which % count], &video.duration, &video.spacing};
    *wrong[which & 3] = in.any();
  }
  return video;
}

struct Answer {
  emp_status status = EMP_OK;
  std::vector<emp_video_segment> segments;
};

Answer align(const Video& query, const Video& known, const emp_video_options& options) {
  Answer answer;
  answer.segments.resize(EMP_VIDEO_SEGMENTS);
  const emp_video q = query.view(), k = known.view();
  size_t count = 0;
  answer.status = emp_video_align(&q, &k, &options, answer.segments.data(), &count);
  must(count <= EMP_VIDEO_SEGMENTS, "too many segments");
  answer.segments.resize(answer.status == EMP_OK ? count : 0);
  return answer;
}

bool equal(const emp_video_segment& a, const emp_video_segment& b) {
  return a.query_from == b.query_from && a.query_to == b.query_to && a.known_from == b.known_from &&
         a.known_to == b.known_to && a.speed == b.speed && a.distance == b.distance && a.share == b.share &&
         a.evidence == b.evidence && a.static_share == b.static_share && a.nearest == b.nearest &&
         a.matches == b.matches;
}

void check(const Answer& answer, const Video& query, const Video& known, const emp_video_options& options) {
  constexpr double kLittle = 1e-6;
  double before = -1;
  for (const emp_video_segment& s : answer.segments) {
    must(s.query_from >= before, "segments out of order");
    before = s.query_from;
    must(s.query_from >= 0 && s.query_from <= s.query_to && s.query_to <= query.end() + kLittle, "outside the query");
    must(s.known_from >= 0 && s.known_from <= s.known_to && s.known_to <= known.end() + kLittle, "outside the known");
    must(s.speed >= 0.9 * options.min_speed && s.speed <= 1.1 * options.max_speed, "a speed outside");
    must(s.share >= 0 && s.share <= 1 && s.evidence >= 0 && s.static_share >= -1 && s.static_share <= 1,
         "a figure outside");
    must(s.distance >= 0 && s.distance <= options.support_radius && s.nearest <= options.support_radius,
         "a distance outside");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  const uint8_t odd = in.byte();
  emp_video_options options = {};
  options.radius = in.byte();
  options.support_radius = options.radius + in.byte() % 64u;
  options.min_speed = (odd & 1) != 0 ? in.any() : 0.5;
  options.max_speed = (odd & 2) != 0 ? in.any() : 2;
  const Video query = read_video(in, in.left() / 6, (odd & 4) != 0);
  const Video known = read_video(in, in.left() / 3, (odd & 8) != 0);
  std::vector<float> weights(query.from.size() + 1), partial_weights(query.from.size() + 1);
  std::vector<emp_video_near> places;
  if ((odd & 16) != 0) {
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<float>((odd & 1) != 0 ? in.any() : in.byte() / 255.0);
      partial_weights[i] = static_cast<float>(in.byte()) / 255;
    }
    options.weights = weights.data(), options.partial_weights = partial_weights.data();
  }
  if ((odd & 32) != 0) {
    places.push_back({in.byte(), in.byte()});
    if (!query.from.empty() && !known.from.empty() && (odd & 64) == 0)
      places[0].query %= query.from.size(), places[0].known %= known.from.size();
    options.places = places.data(), options.place_count = places.size();
  }
  options.include_weak = 1;
  const Answer all = align(query, known, options);
  must(all.status == EMP_OK || all.status == EMP_BAD_OPTION || all.status == EMP_BAD_RADIUS, "another status");
  check(all, query, known, options);
  options.include_weak = 0;
  const Answer matched = align(query, known, options), again = align(query, known, options);
  must(matched.status == all.status && again.status == all.status, "another status for matches");
  must(matched.segments.size() == again.segments.size(), "another answer again");
  for (size_t i = 0; i < matched.segments.size(); ++i) {
    must(equal(matched.segments[i], again.segments[i]), "another segment again");
    const auto same = [&](const emp_video_segment& s) { return equal(s, matched.segments[i]); };
    must(std::any_of(all.segments.begin(), all.segments.end(), same), "a match that is not among everything");
  }
  return 0;
}
