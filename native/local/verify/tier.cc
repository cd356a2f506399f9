// What counts as found. A logo is a small part of the image (coverage). A caption or an interface is a small part of
// what is seen (share). Crude repetition has many hits of which few agree (inliers for the hits).
#include <algorithm>

#include "../../empreinte.h"
#include "verify.h"

namespace empreinte::local {
namespace {

constexpr uint32_t kMatchInliers = 6, kMatchSupport = 10, kReviewInliers = 4, kReviewSupport = 6;
constexpr double kShare = 0.08, kCoverage = 0.02, kInliersOfHits = 0.3;
// Unrelated images with one inlier more are six times rarer, so that a list six times as long needs one more.
constexpr double kImages = 10'000, kRarer = 6;

uint32_t least_review_inliers(uint64_t images) {
  uint32_t least = kReviewInliers;
  for (double reached = kImages; reached < static_cast<double>(images); reached *= kRarer) ++least;
  return least;
}

}  // namespace

uint32_t tier_of(const Finding& finding, const Scene& known, uint64_t hits, uint64_t images) {
  const uint32_t review = least_review_inliers(images), match = std::max(kMatchInliers, review);
  if (finding.inliers < review || finding.support < kReviewSupport) return EMP_LOCAL_NONE;
  const double box = (finding.right - finding.left) * (finding.bottom - finding.top);
  const bool sure = finding.inliers >= match && finding.support >= kMatchSupport &&
                    finding.support >= kShare * finding.seen && box >= kCoverage * known.width * known.height &&
                    finding.inliers >= kInliersOfHits * static_cast<double>(hits);
  return sure ? EMP_LOCAL_MATCH : EMP_LOCAL_REVIEW;
}

}  // namespace empreinte::local
