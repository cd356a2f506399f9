// The verification of local points on made-up ones: an original of random points, a query in which a known map put them
// beside points of something else, and votes of which up to four fifths are wrong. What is found is compared with the
// map and with a plain RANSAC. Then input of points on one line or at one place, and the tiers.
//
//   verify <seed> <rounds>
//
// Prints each failure and a last line with their number.
#include "../../native/local/verify/verify.h"

#include <algorithm>
#include <cmath>

#include "searching.h"

namespace {

using namespace empreinte::local;

int checks = 0, failures = 0;
bool expect(bool good, const char* what, uint64_t round = 0) {
  ++checks;
  if (good) return true;
  ++failures;
  std::printf("FAIL %s, round %llu\n", what, static_cast<unsigned long long>(round));
  return false;
}

constexpr double kTurn = 6.283185307179586;
double uniform(Random& random, double from, double to) {
  return from + (to - from) * static_cast<double>(random.below(1 << 24)) / (1 << 24);
}

// Points with their bits, and the scene that the core takes.
struct Points {
  std::vector<Spot> spots;
  std::vector<Hash> bits;
  double width, height;

  void add(double x, double y, double sigma, double angle, const Hash& hash) {
    spots.push_back({x, y, sigma, std::cos(angle), std::sin(angle)});
    bits.push_back(hash);
  }
  void add_random(Random& random) {
    add(uniform(random, 0, width), uniform(random, 0, height), 1.6 * std::exp2(uniform(random, 0, 3)),
        uniform(random, 0, kTurn), random.hash());
  }
  Scene scene() const { return {spots.data(), bits.empty() ? nullptr : bits[0].data(), spots.size(), width, height}; }
};

struct Truth {
  Map map;
  bool mirrored;
};

enum class Kind { similarity, affine, homography };

// A map that keeps at least a part of the original inside the query.
Truth random_truth(Random& random, Kind kind, const Points& original, const Points& query) {
  const double scale = std::exp2(uniform(random, -1, 1)), angle = uniform(random, 0, kTurn);
  const bool mirrored = random.one_in(2);
  const double stretch = kind == Kind::similarity ? 1 : std::exp2(uniform(random, -0.25, 0.25));
  const double shear = kind == Kind::similarity ? 0 : uniform(random, -0.1, 0.1);
  const double c = std::cos(angle), s = std::sin(angle), side = mirrored ? -1 : 1;
  Map map = {{scale * c * stretch, scale * (c * shear - s * side), 0, scale * s * stretch,
              scale * (s * shear + c * side), 0, 0, 0, 1}};
  if (kind == Kind::homography) {
    map.a[6] = uniform(random, -0.1, 0.1) / original.width;
    map.a[7] = uniform(random, -0.1, 0.1) / original.height;
  }
  // The middle of the original comes near the middle of the query.
  const MapPlace middle = map.at(original.width / 2, original.height / 2);
  const double x = query.width * uniform(random, 0.4, 0.6) - middle.x;
  const double y = query.height * uniform(random, 0.4, 0.6) - middle.y;
  for (int i = 0; i < 3; ++i) map.a[i] += x * map.a[6 + i], map.a[3 + i] += y * map.a[6 + i];
  const double last = map.a[8];
  for (double& number : map.a) number /= last;
  return {map, mirrored};
}

// What a detector would find of an original's point in the query, with its usual errors.
void show(Random& random, const Points& original, size_t i, const Truth& truth, Points* query) {
  const Spot& spot = original.spots[i];
  const MapPlace at = truth.map.at(spot.x, spot.y);
  const Jacobian j = truth.map.jacobian(spot.x, spot.y);
  const double sigma = spot.sigma * std::sqrt(std::abs(j.determinant()));
  const double angle = std::atan2(j.yx * spot.cos + j.yy * spot.sin, j.xx * spot.cos + j.xy * spot.sin);
  query->add(at.x + uniform(random, -0.2, 0.2) * sigma, at.y + uniform(random, -0.2, 0.2) * sigma,
             sigma * std::exp2(uniform(random, -0.15, 0.15)), angle + uniform(random, -0.15, 0.15),
             random.near(original.bits[i], 25));
}

struct Case {
  Points original, query;
  Truth truth;
  std::vector<Vote> votes;
  size_t right = 0;  // votes that are true
};

// Of the original's points, `shown` are in the query and have a vote. `wrong` of all votes are wrong, 0 … 1.
Case make(Random& random, Kind kind, size_t shown, double wrong) {
  Case made = {{{}, {}, 512, 384}, {{}, {}, 1000, 800}, {}, {}, 0};
  for (int i = 0; i < 175; ++i) made.original.add_random(random);
  made.truth = random_truth(random, kind, made.original, made.query);
  for (int i = 0; i < 300; ++i) made.query.add_random(random);
  for (size_t i = 0; i < made.original.spots.size() && made.right < shown; ++i) {
    const MapPlace at = made.truth.map.at(made.original.spots[i].x, made.original.spots[i].y);
    if (!(at.x > 0 && at.y > 0 && at.x < made.query.width && at.y < made.query.height)) continue;
    show(random, made.original, i, made.truth, &made.query);
    const auto last = static_cast<uint32_t>(made.query.spots.size() - 1);
    const uint32_t distance = plain_distance(made.query.bits[last], made.original.bits[i]);
    made.votes.push_back({{last, static_cast<uint32_t>(i), distance}, made.truth.mirrored});
    ++made.right;
  }
  const auto all = static_cast<size_t>(static_cast<double>(made.right) / (1 - wrong));
  while (made.votes.size() < all) {
    const auto q = static_cast<uint32_t>(random.below(made.query.spots.size()));
    const auto k = static_cast<uint32_t>(random.below(made.original.spots.size()));
    made.votes.push_back({{q, k, static_cast<uint32_t>(10 + random.below(22))}, random.one_in(2)});
  }
  return made;
}

// Runs the verification. The same points have the same bits in both handednesses here.
struct Verified {
  bool found = false;
  Finding finding = {};
};
Verified verified(const Points& query, const Points& original, const std::vector<Vote>& votes) {
  std::vector<uint32_t> order(query.spots.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return query.spots[a].x < query.spots[b].x; });
  const Scene scene = query.scene();
  const VerifyQuery image = {scene.spots, {order.data()}, {scene.bits, scene.bits},
                             scene.count, query.width,    query.height};
  Verified out;
  out.found = verify(image, original.scene(), votes.data(), votes.size(), &out.finding);
  return out;
}

// How far the corners are off, as a share of the longer side of the query.
double off(const Map& a, const Map& b, const Points& original, const Points& query) {
  double most = 0;
  for (const double x : {0.0, original.width})
    for (const double y : {0.0, original.height}) {
      const MapPlace p = a.at(x, y), q = b.at(x, y);
      most = std::max(most, std::hypot(p.x - q.x, p.y - q.y));
    }
  return most / std::max(query.width, query.height);
}

// A plain RANSAC: affine maps through three pairs, of which the one with most agreeing pairs wins. It uses places only,
// and knows the handedness.
struct Consensus {
  size_t pairs = 0;
  std::vector<Vote> votes;
};
Consensus ransac(Random& random, const Case& made, int tries) {
  std::vector<Vote> votes;
  for (const Vote& vote : made.votes)
    if (vote.mirrored == made.truth.mirrored) votes.push_back(vote);
  Consensus best;
  for (int t = 0; t < tries && votes.size() >= 3; ++t) {
    const Pair picked[3] = {votes[random.below(votes.size())].pair, votes[random.below(votes.size())].pair,
                            votes[random.below(votes.size())].pair};
    double m[3][2], n[3][2];
    for (int i = 0; i < 3; ++i) {
      m[i][0] = made.original.spots[picked[i].known].x, m[i][1] = made.original.spots[picked[i].known].y;
      n[i][0] = made.query.spots[picked[i].query].x, n[i][1] = made.query.spots[picked[i].query].y;
    }
    const double ax = m[1][0] - m[0][0], ay = m[1][1] - m[0][1], bx = m[2][0] - m[0][0], by = m[2][1] - m[0][1];
    const double area = ax * by - ay * bx;
    if (std::abs(area) < 500) continue;
    const auto mapped = [&](const Spot& spot) {
      const double dx = spot.x - m[0][0], dy = spot.y - m[0][1];
      const double s = (dx * by - dy * bx) / area, r = (ax * dy - ay * dx) / area;
      return MapPlace{n[0][0] + s * (n[1][0] - n[0][0]) + r * (n[2][0] - n[0][0]),
                      n[0][1] + s * (n[1][1] - n[0][1]) + r * (n[2][1] - n[0][1])};
    };
    Consensus now;
    for (const Vote& vote : votes) {
      const Spot& image = made.query.spots[vote.pair.query];
      const MapPlace at = mapped(made.original.spots[vote.pair.known]);
      if (std::hypot(at.x - image.x, at.y - image.y) <= image.sigma + 2) now.votes.push_back(vote);
    }
    now.pairs = now.votes.size();
    if (now.pairs > best.pairs) best = now;
  }
  return best;
}

void known_maps(Random& random, uint64_t round) {
  for (const Kind kind : {Kind::similarity, Kind::affine, Kind::homography})
    for (const double wrong : {0.0, 0.5, 0.8}) {
      const Case made = make(random, kind, 40, wrong);
      const Verified out = verified(made.query, made.original, made.votes);
      if (!expect(out.found, "a known map is found", round)) continue;
      const Finding& finding = out.finding;
      expect(finding.mirrored == made.truth.mirrored, "the handedness is right", round);
      // Corners outside the query are farther from the points than any of these are from one another.
      const double error = off(finding.map, made.truth.map, made.original, made.query);
      expect(error < (kind == Kind::homography ? 0.04 : 0.02), "the corners are right", round);
      // The inliers are of an affine map that started in one place: of a tilted plane they are a part.
      expect(2 * finding.support >= made.right, "most of what is shown supports the map", round);
      expect(finding.support >= finding.inliers && finding.seen >= finding.support, "support and seen", round);
      expect(finding.support <= made.right, "nothing supports but what is shown", round);
      const Consensus plain = ransac(random, made, 3000);
      expect(finding.support + 2 >= 0.8 * static_cast<double>(plain.pairs), "no less than a RANSAC finds", round);
      const uint32_t tier = tier_of(finding, made.original.scene(), made.right, 1000);
      expect(tier == EMP_LOCAL_MATCH, "a match", round);
      // The order of the votes must not matter.
      std::vector<Vote> shuffled = made.votes;
      for (size_t i = shuffled.size(); i-- > 1;) std::swap(shuffled[i], shuffled[random.below(i + 1)]);
      const Verified again = verified(made.query, made.original, shuffled);
      expect(std::memcmp(&again.finding.map, &finding.map, sizeof finding.map) == 0 &&
                 again.finding.support == finding.support && again.finding.inliers == finding.inliers,
             "any order of votes gives the same", round);
    }
}

void unrelated(Random& random, uint64_t round) {
  Case made = make(random, Kind::similarity, 0, 0);
  for (const size_t votes : {4, 30, 400}) {
    made.votes.clear();
    for (size_t i = 0; i < votes; ++i)
      made.votes.push_back({{static_cast<uint32_t>(random.below(made.query.spots.size())),
                             static_cast<uint32_t>(random.below(made.original.spots.size())), 31},
                            random.one_in(2)});
    const Verified out = verified(made.query, made.original, made.votes);
    const uint32_t tier =
        out.found ? tier_of(out.finding, made.original.scene(), votes, 1000) : uint32_t{EMP_LOCAL_NONE};
    expect(tier == EMP_LOCAL_NONE, "random votes are nothing", round);
  }
}

// Votes of everything with everything, in both handednesses, up to a number.
std::vector<Vote> every(const Points& query, const Points& original, size_t most) {
  std::vector<Vote> votes;
  for (uint32_t q = 0; q < query.spots.size(); ++q)
    for (uint32_t k = 0; k < original.spots.size() && votes.size() < most; ++k)
      for (const bool mirrored : {false, true}) votes.push_back({{q, k, (q + k) % 32}, mirrored});
  return votes;
}

bool sensible(const Verified& out, size_t most) {
  if (!out.found) return true;
  for (const double number : out.finding.map.a)
    if (!std::isfinite(number)) return false;
  return out.finding.inliers <= out.finding.support && out.finding.support <= out.finding.seen &&
         out.finding.seen <= most;
}

void trivial(Random& random, uint64_t round) {
  const Hash same = random.hash();
  const auto all = [&](auto&& place, size_t count, double side) {
    Points points = {{}, {}, side, side};
    for (size_t i = 0; i < count; ++i) {
      const MapPlace at = place(i);
      points.add(at.x, at.y, 3, 1, same);
    }
    return points;
  };
  const auto one_place = [](size_t) { return MapPlace{100, 100}; };
  const auto on_a_line = [](size_t i) { return MapPlace{10 + static_cast<double>(i % 500), 200}; };
  const auto grid = [](size_t i) {
    return MapPlace{8.0 * static_cast<double>(i % 20), 8.0 * static_cast<double>(i / 20)};
  };

  const Points spot = all(one_place, 512, 512), line = all(on_a_line, 500, 512), mesh = all(grid, 400, 512);
  const Points many = all(one_place, 2000, 1024), meshes = all(grid, 2000, 1024);
  // All in one place: at most one distinct pair, which is no map.
  expect(!verified(many, spot, every(many, spot, 50'000)).found, "one place is no map", round);
  expect(!verified(many, line, every(many, line, 50'000)).found, "one place in the query is no map", round);
  // On a line the similarity holds the map, so that it is a proper one.
  const Verified straight = verified(line, line, every(line, line, 50'000));
  expect(sensible(straight, 500), "points on a line", round);
  expect(sensible(verified(meshes, mesh, every(meshes, mesh, 200'000)), 400), "a mesh", round);
  expect(!verified(mesh, mesh, {}).found, "no votes", round);
  expect(!verified(mesh, mesh, {{{0, 0, 0}, false}}).found, "one vote", round);
  // One vote many times over is one.
  expect(!verified(mesh, mesh, std::vector<Vote>(1000, {{5, 7, 3}, false})).found, "one vote repeated", round);
  const Points none = {{}, {}, 512, 512};
  expect(!verified(none, mesh, {}).found && !verified(mesh, none, {}).found, "no points", round);
  // The largest and smallest sides that a record or a query may have.
  Points thin = {{}, {}, 1024, 1e-3};
  for (int i = 0; i < 100; ++i) thin.add(uniform(random, 0, 1024), 5e-4, 1.6, 0, random.hash());
  expect(sensible(verified(thin, mesh, every(thin, mesh, 20'000)), 400), "a thin query", round);
  expect(sensible(verified(mesh, thin, every(mesh, thin, 20'000)), 400), "a thin original", round);
}

void maps(Random& random, uint64_t round) {
  // A similarity takes its pair to each other, in both handednesses.
  Points some = {{}, {}, 300, 200};
  for (int i = 0; i < 2; ++i) some.add_random(random);
  for (const bool mirrored : {false, true}) {
    const Map map = similarity(some.spots[0], some.spots[1], mirrored);
    const MapPlace at = map.at(some.spots[0].x, some.spots[0].y);
    expect(std::hypot(at.x - some.spots[1].x, at.y - some.spots[1].y) < 1e-9, "the place of a similarity", round);
    const double turn = map.jacobian(0, 0).determinant();
    expect((turn < 0) == mirrored, "the handedness of a similarity", round);
    expect(agrees(map, some.spots[0], some.spots[1], 1e-6), "a pair agrees with its own similarity", round);
  }
  const auto scaled = [](double x, double y) { return Map{{x, 0, 0, 0, y, 0, 0, 0, 1}}; };
  expect(sane(scaled(1, 2.9), 100, 80) && !sane(scaled(1, 3.1), 100, 80), "the stretch of a sane map", round);
  expect(sane(scaled(19, 19), 100, 80) && !sane(scaled(21, 21), 100, 80), "the largest scale", round);
  expect(sane(scaled(0.02, 0.02), 100, 80) && !sane(scaled(0.015, 0.015), 100, 80), "the smallest scale", round);
  expect(!sane(scaled(0, 0), 100, 80) && !sane(scaled(NAN, 1), 100, 80), "no map", round);
  expect(!sane({{1, 0, 0, 0, 1, 0, -0.009, 0, 1}}, 100, 80), "a fold", round);
}

void tiers() {
  const Points original = {{}, {}, 100, 100};
  const auto tier = [&](uint32_t inliers, uint32_t support, uint32_t seen, double side, uint64_t hits,
                        uint64_t images) {
    const Finding finding = {{}, false, inliers, support, seen, 0, 0, 0, side, side};
    return tier_of(finding, original.scene(), hits, images);
  };
  expect(tier(6, 10, 125, 15, 20, 1) == EMP_LOCAL_MATCH, "the least match");
  expect(tier(5, 10, 125, 15, 16, 1) == EMP_LOCAL_REVIEW, "few inliers are a review");
  expect(tier(6, 9, 100, 15, 20, 1) == EMP_LOCAL_REVIEW, "little support is a review");
  expect(tier(6, 10, 126, 15, 20, 1) == EMP_LOCAL_REVIEW, "a small share of what is seen is a review");
  expect(tier(6, 10, 125, 14, 20, 1) == EMP_LOCAL_REVIEW, "a small part of the original is a review");
  expect(tier(6, 10, 125, 15, 21, 1) == EMP_LOCAL_REVIEW, "few inliers for the hits are a review");
  expect(tier(4, 6, 175, 5, 40, 10'000) == EMP_LOCAL_REVIEW, "the least review");
  expect(tier(3, 30, 30, 90, 3, 1) == EMP_LOCAL_NONE && tier(30, 5, 5, 90, 30, 1) == EMP_LOCAL_NONE, "less is nothing");
  // Thresholds rise with the list: by one at 10,000, at 60,000, at 360,000 images.
  expect(tier(4, 40, 40, 90, 4, 10'001) == EMP_LOCAL_NONE, "a longer list");
  expect(tier(5, 40, 40, 90, 5, 60'000) == EMP_LOCAL_REVIEW && tier(5, 40, 40, 90, 5, 60'001) == EMP_LOCAL_NONE,
         "60,000");
  expect(tier(6, 40, 40, 90, 6, 360'000) == EMP_LOCAL_MATCH && tier(6, 40, 40, 90, 6, 360'001) == EMP_LOCAL_NONE,
         "360,000");
  expect(tier(7, 40, 40, 90, 7, 1'000'000) == EMP_LOCAL_MATCH, "a million");
  expect(tier(20, 40, 40, 90, 20, UINT64_MAX) == EMP_LOCAL_NONE, "the longest list there could be");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: verify <seed> <rounds>\n"), 2;
  Random random(std::strtoull(argv[1], nullptr, 10));
  const uint64_t rounds = std::strtoull(argv[2], nullptr, 10);
  tiers();
  for (uint64_t round = 1; round <= rounds; ++round) {
    known_maps(random, round);
    unrelated(random, round);
    maps(random, round);
    if (round == 1) trivial(random, round);
  }
  std::printf("%d checks of verification, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
