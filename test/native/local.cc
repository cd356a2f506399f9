// Local points: the same on every kernel, in the order that was promised, and found again in a mirrored or negative
// image; records that come back as they were written, and damaged ones that are refused; images made to hurt.
//
//   local <seed> <rounds>
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../native/local/extract/numbers.h"
#include "../../native/local/extract/twins.h"
#include "../../native/local/record.h"
#include "../../native/local/table.h"
#include "../../native/search/file/crc32c.h"
#include "scene.h"

using namespace empreinte;

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

Image mirrored(const Image& in) {
  Image out(in.width, in.height, in.channels);
  for (uint32_t y = 0; y < in.height; ++y)
    for (uint32_t x = 0; x < in.width; ++x) std::memcpy(out.at(x, y), in.at(in.width - 1 - x, y), in.channels);
  return out;
}

Image negative(const Image& in) {
  Image out = in;
  for (uint8_t& sample : out.data) sample = static_cast<uint8_t>(255 - sample);
  return out;
}

std::vector<const emp_kernel*> kernels() {
  std::vector<const emp_kernel*> all;
  for (size_t i = 0; i < emp_kernel_count(); ++i)
    if (emp_kernel_supported(emp_kernel_at(i))) all.push_back(emp_kernel_at(i));
  return all;
}

struct Query {
  emp_local_query* core = nullptr;
  emp_status status;
  Query(const Image& image, const emp_kernel* kernel) {
    const emp_pixels pixels = image.view();
    status = emp_local_query_create(&pixels, kernel, nullptr, &core);
  }
  ~Query() { emp_local_query_destroy(core); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  uint32_t count() const { return core == nullptr ? 0 : emp_local_query_points(core); }
  std::vector<emp_local_place> places() const {
    std::vector<emp_local_place> out(count());
    if (count() > 0) emp_local_query_places(core, out.data());
    return out;
  }
  std::vector<uint8_t> descriptors(emp_local_form form) const {
    std::vector<uint8_t> out(size_t{EMP_HASH_BYTES} * count());
    if (count() > 0) emp_local_query_descriptors(core, form, out.data());
    return out;
  }
};

std::vector<uint8_t> record_of(const Image& image, const emp_kernel* kernel, uint32_t most) {
  std::vector<uint8_t> out(EMP_LOCAL_MOST_BYTES);
  const emp_pixels pixels = image.view();
  size_t size = 0;
  expect(emp_local_register(&pixels, kernel, most, nullptr, out.data(), &size) == EMP_OK, "an image is registered");
  out.resize(size);
  return out;
}

constexpr emp_local_form kForms[] = {EMP_LOCAL_PLAIN, EMP_LOCAL_MIRRORED, EMP_LOCAL_NEGATIVE,
                                     EMP_LOCAL_MIRRORED_NEGATIVE};

// Everything that an image gives, as one number.
uint64_t digest_of(const Image& image, const emp_kernel* kernel) {
  uint64_t digest = 0xcbf29ce484222325u;
  const auto add = [&](const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) digest = (digest ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001b3u;
  };
  const Query query(image, kernel);
  expect(query.status == EMP_OK, "an image is a query");
  const std::vector<emp_local_place> places = query.places();
  add(places.data(), places.size() * sizeof(emp_local_place));
  for (const emp_local_form form : kForms) {
    const std::vector<uint8_t> descriptors = query.descriptors(form);
    add(descriptors.data(), descriptors.size());
  }
  const std::vector<uint8_t> record = record_of(image, kernel, 400);
  add(record.data(), record.size());
  return digest;
}

struct Known {
  uint64_t seed;
  uint32_t width, height, channels;
  uint64_t digest;
};
constexpr Known kKnown[] = {
    {1, 800, 600, 3, 0x304f51839221ba43u},
    {2, 300, 420, 1, 0x8d4dcfa06778b290u},
    {3, 1500, 900, 4, 0x1832484fe6cbfedcu},
    {4, 97, 61, 3, 0x16a4c43d0e6d0796u},
};

void known_answers() {
  for (const Known& k : kKnown) {
    const Image image = scene(k.seed, k.width, k.height, k.channels);
    for (const emp_kernel* kernel : kernels()) {
      const uint64_t digest = digest_of(image, kernel);
      if (digest != k.digest)
        std::printf("scene %d on %s: 0x%016llxu\n", static_cast<int>(k.seed), emp_kernel_name(kernel),
                    static_cast<unsigned long long>(digest));
      expect(digest == k.digest, "a scene has its known points");
    }
  }
}

bool is_inside(const emp_local_place& p, LocalCopySize size) {
  return p.x >= 0 && p.y >= 0 && p.x <= static_cast<float>(size.width) && p.y <= static_cast<float>(size.height) &&
         p.sigma >= kLeastSigma && p.sigma <= 1024 && p.angle >= 0 && p.angle < 6.2831854f;
}

// Bounds, and the same on every kernel.
void odd(const Image& image, bool has_points) {
  uint64_t first = 0;
  for (const emp_kernel* kernel : kernels()) {
    const uint64_t digest = digest_of(image, kernel);
    if (first == 0) first = digest;
    expect(digest == first, "an odd image has the same points on every kernel");
  }
  const Query query(image, nullptr);
  expect(query.count() <= EMP_LOCAL_MOST_QUERY && (has_points || query.count() == 0),
         "a query has not too many points");
  for (const emp_local_place& p : query.places())
    expect(is_inside(p, query_copy_size(image.width, image.height)), "a point is inside its image");
}

void odd_images(Random& random) {
  constexpr uint32_t kSides[][2] = {{1, 1},   {1, 700}, {16, 10000}, {10000, 16}, {17, 16},   {4, 4},
                                    {64, 64}, {31, 33}, {2000, 40},  {513, 511},  {1025, 700}};
  for (const auto& side : kSides) {
    Image noise(side[0], side[1], 1 + 2 * (random.next() & 1));
    for (uint8_t& sample : noise.data) sample = static_cast<uint8_t>(random.next());
    odd(noise, true);
  }
  Image flat(600, 500, 3);
  std::fill(flat.data.begin(), flat.data.end(), uint8_t{200});
  for (uint32_t y = 100; y < 300; ++y)
    for (uint32_t x = 40; x < 200; ++x)
      for (uint32_t c = 0; c < 3; ++c) flat.at(x, y)[c] = static_cast<uint8_t>(random.next());
  odd(flat, false);
  Image checks_of_one(400, 400, 1), halftone(700, 500, 1), mesh(800, 640, 1);
  for (uint32_t y = 0; y < 640; ++y)
    for (uint32_t x = 0; x < 800; ++x) {
      if (x < 400 && y < 400) *checks_of_one.at(x, y) = static_cast<uint8_t>(255 * ((x + y) & 1));
      const uint32_t dx = x % 12 < 6 ? x % 12 : 12 - x % 12, dy = y % 12 < 6 ? y % 12 : 12 - y % 12;
      if (x < 700 && y < 500) *halftone.at(x, y) = dx * dx + dy * dy < 4 + x / 60 ? 10 : 240;
      *mesh.at(x, y) = x % 25 < 4 || y % 25 < 4 ? 40 : 190;
    }
  odd(checks_of_one, true);
  odd(halftone, true);
  odd(mesh, true);
  // A point that occurs everywhere tells nothing.
  const Query query(mesh, nullptr);
  expect(query.count() < 200, "the points of wire mesh are twins");
}

int distance(const uint8_t* a, const uint8_t* b) { return static_cast<int>(emp_hash_distance(a, b)); }

// Of the points that both images have at the same place: how many have nearly the same bits.
void same_points(const Image& image, const Image& changed, emp_local_form form, const char* what) {
  const Query a(image, nullptr), b(changed, nullptr);
  const std::vector<uint8_t> predicted = a.descriptors(form), real = b.descriptors(EMP_LOCAL_PLAIN);
  const std::vector<emp_local_place> from = a.places(), to = b.places();
  const bool mirrors = form == EMP_LOCAL_MIRRORED || form == EMP_LOCAL_MIRRORED_NEGATIVE;
  const bool negates = form == EMP_LOCAL_NEGATIVE || form == EMP_LOCAL_MIRRORED_NEGATIVE;
  const float width = static_cast<float>(query_copy_size(image.width, image.height).width), turn = 6.2831853f;
  int pairs = 0, near = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const float x = mirrors ? width - from[i].x : from[i].x;
    const float angle = (mirrors ? turn / 2 - from[i].angle : from[i].angle) + (negates ? turn / 2 : 0);
    for (size_t j = 0; j < to.size(); ++j) {
      const float apart = std::fabs(std::remainder(angle - to[j].angle, turn));
      if (std::fabs(x - to[j].x) > 0.05f || std::fabs(from[i].y - to[j].y) > 0.05f || apart > 0.05f ||
          std::fabs(from[i].sigma / to[j].sigma - 1) > 0.02f)
        continue;
      ++pairs;
      near += distance(predicted.data() + EMP_HASH_BYTES * i, real.data() + EMP_HASH_BYTES * j) <= 8;
    }
  }
  expect(pairs > static_cast<int>(from.size()) * 6 / 10, "most points are found again");
  if (near * 100 < pairs * 97) std::printf("%s: %d of %d\n", what, near, pairs);
  expect(near * 100 >= pairs * 97, what);
}

void permutations(uint64_t seed) {
  // An odd number of columns and rows in every octave keeps the same pixels when mirrored.
  const Image image = scene(seed, 769, 577, 3);
  same_points(image, mirrored(image), EMP_LOCAL_MIRRORED, "a mirrored image has the mirrored descriptors");
  same_points(image, negative(image), EMP_LOCAL_NEGATIVE, "a negative image has the negative descriptors");
  same_points(image, negative(mirrored(image)), EMP_LOCAL_MIRRORED_NEGATIVE,
              "a mirrored negative image has the mirrored negative descriptors");
}

emp_status check(const std::vector<uint8_t>& record) {
  emp_local_record_info info;
  // Exactly as many bytes as there are, so that one more is found.
  return emp_local_record_check(record.data(), record.size(), &info);
}

std::vector<uint8_t> with_checksum(std::vector<uint8_t> record) {
  std::memset(record.data() + 20, 0, 4);
  const uint32_t crc = crc32c(0, record.data(), record.size());
  for (int i = 0; i < 4; ++i) record[20 + i] = static_cast<uint8_t>(crc >> (8 * i));
  return record;
}

void records(uint64_t seed, Random& random) {
  const Image image = scene(seed, 900, 700, 3);
  const emp_kernel* kernel = kernels().front();
  const std::vector<uint8_t> record = record_of(image, kernel, 200), fewer = record_of(image, kernel, 100);
  expect(record.size() == record_size(200) && fewer.size() == record_size(100), "a scene has as many points as wanted");
  expect(std::equal(fewer.begin() + kRecordHeader, fewer.end(), record.begin() + kRecordHeader),
         "the first points are those of a shorter record");
  LocalPoints points, read;
  expect(registered_points(image.view(), *kernel, 200, nullptr, points) == EMP_OK, "points are extracted");
  expect(read_record(record.data(), record.size(), read) == EMP_OK, "a record is read");
  expect(read.count == points.count && read.width == 900 && read.height == 700, "a record has what was written");
  expect(read.copy_width == points.copy_width && read.copy_height == points.copy_height,
         "a record has its copy's size");
  for (uint32_t i = 0; i < std::min(read.count, points.count); ++i) {
    const LocalPoint &a = points.points[i], &b = read.points[i];
    const float turned = std::fabs(std::remainder(a.angle - b.angle, 6.2831853f));
    expect(std::fabs(a.x - b.x) < 0.01f && std::fabs(a.y - b.y) < 0.01f && turned < 0.0124f &&
               std::fabs(a.sigma / b.sigma - 1) < 0.013f && std::memcmp(a.descriptor, b.descriptor, 32) == 0,
           "a point comes back as it was");
  }
  std::vector<uint8_t> again(record.size());
  write_record(read, again.data());
  LocalPoints twice;
  expect(read_record(again.data(), again.size(), twice) == EMP_OK && twice.count == read.count, "and once more");
  // Twins out of what has none.
  const uint32_t before = points.count;
  expect(drop_twins(steps_of(*kernel), points) && points.count == before, "no twin is left");
  for (size_t size = 0; size < record.size(); size += 1 + size / 40) {
    const std::vector<uint8_t> part(record.begin(), record.begin() + static_cast<ptrdiff_t>(size));
    expect(check(part) == EMP_TRUNCATED_RECORD, "a truncated record is refused");
  }
  std::vector<uint8_t> longer = record;
  longer.push_back(0);
  expect(check(longer) == EMP_BAD_RECORD, "a record with a byte more is refused");
  for (int i = 0; i < 400; ++i) {
    std::vector<uint8_t> forged = record;
    forged[random.below(static_cast<uint32_t>(forged.size()))] ^= static_cast<uint8_t>(1 + random.below(255));
    expect(check(forged) != EMP_OK, "a changed record is refused");
  }
  std::vector<uint8_t> forged = record;
  forged[4] = kRecordVersion + 1;
  expect(check(with_checksum(forged)) == EMP_NEWER_RECORD, "a record of a newer version is refused");
  forged = record, forged[5] ^= 2;
  expect(check(with_checksum(forged)) == EMP_OTHER_TABLE, "a record of another table is refused");
  forged = record, forged[8] ^= 2;
  expect(check(with_checksum(forged)) == EMP_OTHER_TABLE, "a record of a changed table is refused");
  forged = record, forged[7] = 255;
  expect(check(with_checksum(forged)) == EMP_BAD_RECORD, "a forged number of points is refused");
  forged = record, std::memset(forged.data() + 12, 0, 4);
  expect(check(with_checksum(forged)) == EMP_BAD_RECORD, "an original without width is refused");
  forged = record, forged[15] = 2;
  expect(check(with_checksum(forged)) == EMP_BAD_RECORD, "an original that is too wide is refused");
  forged = record, forged[kRecordHeader + 4] = 255;
  expect(check(with_checksum(forged)) == EMP_BAD_RECORD, "a point larger than its image is refused");
  forged = record, forged[0] = 'X';
  expect(check(forged) == EMP_BAD_RECORD, "other bytes are refused");
  const std::vector<uint8_t> none = record_of(Image(30, 30, 1), kernel, 200);
  expect(none.size() == kRecordHeader && check(none) == EMP_OK, "an image without detail has an empty record");
}

void options() {
  const Image image = scene(9, 400, 300, 3);
  const emp_pixels pixels = image.view();
  std::vector<uint8_t> out(EMP_LOCAL_MOST_BYTES);
  size_t size = 1;
  for (const uint32_t most : {0u, 401u})
    expect(emp_local_register(&pixels, nullptr, most, nullptr, out.data(), &size) == EMP_BAD_OPTION && size == 0,
           "a number of points outside its range is refused");
  emp_pixels wrong = pixels;
  wrong.size = 5;
  emp_local_query* query = nullptr;
  expect(emp_local_query_create(&wrong, nullptr, nullptr, &query) == EMP_BAD_GEOMETRY && query == nullptr,
         "pixels that do not fit are refused");
  const emp_cancel cancel = {[](void*) { return 1; }, nullptr};
  expect(emp_local_query_create(&pixels, nullptr, &cancel, &query) == EMP_CANCELLED && query == nullptr,
         "the work can be cancelled");
}

// Exponentials that are computed together are those that are computed alone, bit for bit.
void exponentials_together(Random& random) {
  double x[41];
  for (int32_t n = 0; n <= 41; ++n) {
    for (int32_t i = 0; i < n; ++i) x[i] = -0.001 * random.below(600000);
    double alone[41] = {};
    for (int32_t i = 0; i < n; ++i) alone[i] = exponential(x[i]);
    exponentials(x, n);
    expect(std::equal(x, x + n, alone), "exponentials do not depend on one another");
  }
}

}  // namespace

int main(int count, char** arguments) {
  const uint64_t seed = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 1;
  Random random = {seed};
  known_answers();
  options();
  exponentials_together(random);
  for (int round = 0; round < rounds; ++round) {
    odd_images(random);
    permutations(seed + static_cast<uint64_t>(round));
    records(seed + static_cast<uint64_t>(round), random);
  }
  std::printf("%d checks of local points, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
