// The core's interface to the verification.
#include <algorithm>
#include <new>

#include "../record.h"
#include "scene.h"
#include "verify.h"

using empreinte::Array;
namespace local = empreinte::local;

struct emp_local_verifier {
  local::OwnedScene scene;
  Array<uint32_t> by_x;
  Array<uint8_t> bits[2];
};

namespace {

emp_status fill(const emp_local_query& query, const uint8_t* plain, const uint8_t* mirrored, bool negative,
                emp_local_verifier* out) {
  const size_t count = query.points.count, bytes = EMP_HASH_BYTES * count;
  if (!out->scene.take(query.points, negative)) return EMP_OUT_OF_MEMORY;
  out->by_x = Array<uint32_t>(count);
  if (!out->by_x) return EMP_OUT_OF_MEMORY;
  const local::Spot* spots = out->scene.scene().spots;
  for (size_t i = 0; i < count; ++i) out->by_x[i] = static_cast<uint32_t>(i);
  std::sort(out->by_x.data(), out->by_x.data() + count,
            [&](uint32_t a, uint32_t b) { return spots[a].x != spots[b].x ? spots[a].x < spots[b].x : a < b; });
  for (const int i : {0, 1}) {
    out->bits[i] = Array<uint8_t>(bytes);
    if (!out->bits[i]) return EMP_OUT_OF_MEMORY;
    std::copy_n(i == 0 ? plain : mirrored, bytes, out->bits[i].data());
  }
  return EMP_OK;
}

void write(const local::Finding& finding, const local::Scene& query, const local::Scene& known, emp_local_match* out) {
  const double xs[4] = {0, known.width, known.width, 0}, ys[4] = {0, 0, known.height, known.height};
  for (int i = 0; i < 4; ++i) {
    const local::MapPlace corner = finding.map.at(xs[i], ys[i]);
    out->x[i] = corner.x / query.width;
    out->y[i] = corner.y / query.height;
  }
  out->left = finding.left / known.width, out->right = finding.right / known.width;
  out->top = finding.top / known.height, out->bottom = finding.bottom / known.height;
  out->inliers = finding.inliers, out->support = finding.support, out->seen = finding.seen;
  out->mirrored = finding.mirrored ? 1 : 0;
  out->distance = finding.distance;
}

}  // namespace

emp_status emp_local_verifier_create(const emp_local_query* query, const uint8_t* plain, const uint8_t* mirrored,
                                     int negative, emp_local_verifier** out) {
  *out = nullptr;
  auto* verifier = new (std::nothrow) emp_local_verifier;
  if (verifier == nullptr) return EMP_OUT_OF_MEMORY;
  const emp_status status = fill(*query, plain, mirrored, negative != 0, verifier);
  if (status != EMP_OK) return delete verifier, status;
  *out = verifier;
  return EMP_OK;
}

void emp_local_verifier_destroy(emp_local_verifier* verifier) { delete verifier; }

emp_status emp_local_verify(const emp_local_verifier* verifier, const emp_local_candidate* candidate, uint64_t images,
                            emp_local_match* out) {
  *out = {};
  empreinte::LocalPoints points;
  const emp_status status = empreinte::read_record(candidate->record, candidate->record_size, points);
  if (status != EMP_OK) return status;
  local::OwnedScene known;
  if (!known.take(points, false) || !known.take_descriptors(points)) return EMP_OUT_OF_MEMORY;
  Array<local::Vote> votes(candidate->vote_count);
  if (!votes) return EMP_OUT_OF_MEMORY;
  const local::Scene query = verifier->scene.scene(), scene = known.scene();
  for (size_t i = 0; i < candidate->vote_count; ++i) {
    const emp_local_vote& vote = candidate->votes[i];
    if (vote.query >= query.count || vote.known >= scene.count) return EMP_BAD_OPTION;
    votes[i] = {{vote.query, vote.known, vote.distance}, vote.mirrored != 0};
  }
  const local::VerifyQuery image = {query.spots,
                                    {verifier->by_x.data()},
                                    {verifier->bits[0].data(), verifier->bits[1].data()},
                                    query.count,
                                    query.width,
                                    query.height};
  local::Finding finding;
  if (!local::verify(image, scene, votes.data(), candidate->vote_count, &finding)) return EMP_OK;
  write(finding, query, scene, out);
  out->tier = local::tier_of(finding, scene, candidate->vote_count, images);
  return EMP_OK;
}
