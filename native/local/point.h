// Local points: what is extracted from an image, and what a record keeps of it.
//
// Guarantees, for whoever verifies candidates:
//  - Places, sigmas and angles are in pixels of the working copy. The left and upper edge of the copy are 0, so the
//    centre of its first pixel is at 0.5, and a place divided by the copy's side is a share of the image's side.
//  - An angle turns from +x towards +y, 0 ≤ angle < 2π.
//  - Descriptors are hashes as HashIndex takes them, most significant byte first, in the order of section "Bits" of
//    README.md. Distances are plain Hamming distances.
//  - The same pixels give the same points with the same bits on every kernel.
//  - The points of a record are ordered, and the order is what LocalIndex's row ids count: point i of the record is
//    point i of every reader. The points of a query are ordered by falling contrast; the second orientation of a point
//    follows the first at the same place.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../empreinte.h"
#include "../memory.h"

namespace empreinte {

struct LocalPoint {
  float x, y;                          // pixels of the working copy
  float sigma;                         // pixels of the working copy, at least kLeastSigma
  float angle;                         // radians
  uint8_t descriptor[EMP_HASH_BYTES];  // the plain form
};

// What an original may have undergone before it became a part of the query. A query point has a descriptor for each:
// the one that the same point had before. Point i of the query still is at its place in the query.
//  - mirrored: the original's point had the angle π − a in the mirrored query, so the map from the original to the
//    query is reflected: a similarity z ↦ c·conj(z) + d, of which the angle a = arg(c) − b for the original's angle b.
//  - negative: the original's point had the angle a + π.
//  - mirrored_negative: both.
enum class LocalForm : uint32_t { plain = 0, mirrored = 1, negative = 2, mirrored_negative = 3 };
constexpr uint32_t kLocalForms = 4;

// The 4×4 cells of 8 directions that a descriptor is made of, as bytes.
struct LocalHistogram {
  uint8_t v[128];
};

// Limits that hold for whatever image.
constexpr uint32_t kRegisteredSide = 512;  // pixels: the longer side of the copy that is registered
constexpr uint32_t kQuerySide = 1024;      // pixels: the longest side of a query's copy
constexpr uint32_t kLeastCopySide = 512;   // pixels: a smaller image is enlarged to this, at most kMostEnlarged times
constexpr uint32_t kMostEnlarged = 4;      // times
constexpr uint32_t kMostRegistered = 400;  // points of a record
constexpr uint32_t kQueryPoints = 1000;    // places of a query; each has one or two orientations
constexpr uint32_t kMostQueryPoints = 2 * kQueryPoints;
constexpr float kLeastSigma = 1.6f;  // pixels of the working copy

// The size of the working copy of an image. Both sides are at least 1 pixel.
struct LocalCopySize {
  uint32_t width, height;
};
// The copy that a record's places are in pixels of: the longer side has kRegisteredSide, or kMostEnlarged times the
// image's own where that is shorter. It depends on the sides of the image only.
LocalCopySize registered_copy_size(uint32_t width, uint32_t height);
// The copy of a query: the longer side between kLeastCopySide and kQuerySide, or kMostEnlarged times the image's own.
LocalCopySize query_copy_size(uint32_t width, uint32_t height);

// The points of an image.
struct LocalPoints {
  uint32_t width = 0, height = 0;            // pixels of the image itself
  uint32_t copy_width = 0, copy_height = 0;  // pixels of the working copy
  uint32_t count = 0;
  Array<LocalPoint> points;          // `count` of them
  Array<LocalHistogram> histograms;  // of the same points, for the other forms; empty when read from a record
};

// Points of an image to register: chosen from all over it, one orientation each, without twins, at most `most`
// (1 … kMostRegistered). A flat image has none. Returns EMP_BAD_GEOMETRY, EMP_BAD_OPTION, EMP_CANCELLED or
// EMP_OUT_OF_MEMORY on failure.
emp_status registered_points(const emp_pixels& pixels, const emp_kernel& kernel, uint32_t most,
                             const emp_cancel* cancel, LocalPoints& out);
// Points of a query: the kQueryPoints of the strongest contrast, with up to two orientations each, without twins.
// A flat image has none. It fails as registered_points does.
emp_status query_points(const emp_pixels& pixels, const emp_kernel& kernel, const emp_cancel* cancel, LocalPoints& out);
// Writes the descriptors of a form, EMP_HASH_BYTES each, in the order of the points.
void describe(const LocalPoints& points, LocalForm form, const emp_kernel& kernel, uint8_t* out);

}  // namespace empreinte

// The handle of empreinte.h: a query image's points.
struct emp_local_query {
  empreinte::LocalPoints points;
  // The descriptors of the mirrored form, EMP_HASH_BYTES each. Every search needs them; the negative ones are made on
  // demand.
  empreinte::Array<uint8_t> mirrored;
  const emp_kernel* kernel = nullptr;
};
