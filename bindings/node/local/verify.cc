// verifyLocal: which originals a query shows, by the votes for each.
#include <algorithm>
#include <memory>
#include <new>

#include "../job.h"
#include "local_handle.h"
#include "../module.h"

namespace binding {
namespace {

constexpr size_t kFields = 18;         // of a match, in the order of JavaScript's face
constexpr size_t kCandidatesEach = 8;  // in one turn on the pool: each takes up to some milliseconds
constexpr uint32_t kMostCandidates = 64;

// {query, plain, mirrored, negative, images, candidates: [{record, votes}]}
class VerifyJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<VerifyJob>(new VerifyJob);
    if (!job->read(info[0])) return info.Env().Undefined();
    job->keep(info[0]);
    return Job::start(job.release(), info.Env(), info[1]);
  }
  ~VerifyJob() override { emp_local_verifier_destroy(verifier_); }

 protected:
  emp_status run() override {
    for (size_t i = 0; i < kCandidatesEach && next_ < count_; ++i, ++next_) {
      emp_local_match match;
      const emp_status status = emp_local_verify(verifier_, &candidates_[next_], images_, &match);
      if (status != EMP_OK) return status;
      put(match);
    }
    return EMP_OK;
  }
  bool again() const override { return next_ < count_; }

  napi_value result(napi_env env) override {
    void* data = nullptr;
    napi_value buffer, array;
    const size_t numbers = count_ * kFields;
    if (napi_create_arraybuffer(env, numbers * sizeof(double), &data, &buffer) != napi_ok) return nullptr;
    if (numbers > 0) std::copy(rows_, rows_ + numbers, static_cast<double*>(data));
    return napi_create_typedarray(env, napi_float64_array, numbers, buffer, 0, &array) == napi_ok ? array : nullptr;
  }

 private:
  bool read(const Napi::Value& request) {
    const Napi::Env env = request.Env();
    if (!request.IsObject()) return fail(env, "expected a request");
    Shared<LocalQuery> query;
    Bytes plain, mirrored;
    bool negative = false;
    double images = 0;
    uint32_t count = 0;
    const Napi::Value list = property(request, "candidates");
    if (!unwrap(property(request, "query"), &query) || !read_bytes(property(request, "plain"), &plain) ||
        !read_bytes(property(request, "mirrored"), &mirrored) || !read_bool(property(request, "negative"), &negative) ||
        !read_double(property(request, "images"), &images))
      return false;
    if (query->core == nullptr) return fail(env, "the local points are closed");
    const size_t size = size_t{EMP_HASH_BYTES} * emp_local_query_points(query->core);
    if (plain.size != size || mirrored.size != size) return fail(env, "expected a descriptor for each point");
    if (!(images >= 0 && images <= 9007199254740991.0)) return fail(env, "expected a number of images");
    if (!list.IsArray() || napi_get_array_length(env, list, &count) != napi_ok || count > kMostCandidates)
      return fail(env, "expected a list of at most 64 candidates");
    images_ = static_cast<uint64_t>(images);
    const emp_status status =
        emp_local_verifier_create(query->core, plain.data, mirrored.data, negative ? 1 : 0, &verifier_);
    if (status != EMP_OK) return fail(env, status);
    for (; count_ < count; ++count_) {
      napi_handle_scope scope;
      napi_value element = nullptr;
      if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
      const bool good = napi_get_element(env, list, static_cast<uint32_t>(count_), &element) == napi_ok &&
                        read_candidate({env, element}, &candidates_[count_]);
      napi_close_handle_scope(env, scope);
      if (!good) return false;
    }
    return true;
  }

  // The arrays belong to the request, which is kept and which nobody else has.
  static bool read_candidate(const Napi::Value& value, emp_local_candidate* out) {
    const Napi::Env env = value.Env();
    Bytes record;
    napi_typedarray_type type;
    size_t numbers = 0;
    void* data = nullptr;
    if (!value.IsObject()) return fail(env, "expected a candidate");
    if (!read_bytes(property(value, "record"), &record)) return false;
    const Napi::Value votes = property(value, "votes");
    if (!votes.IsTypedArray() ||
        napi_get_typedarray_info(env, votes, &type, &numbers, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint32_array || numbers % 4 != 0)
      return fail(env, "expected four numbers a vote");
    static_assert(sizeof(emp_local_vote) == 4 * sizeof(uint32_t));
    *out = {record.data, record.size, static_cast<const emp_local_vote*>(data), numbers / 4};
    return true;
  }

  void put(const emp_local_match& m) {
    const double row[kFields] = {static_cast<double>(m.tier),
                                 static_cast<double>(m.mirrored),
                                 static_cast<double>(m.inliers),
                                 static_cast<double>(m.support),
                                 static_cast<double>(m.seen),
                                 m.distance,
                                 m.x[0],
                                 m.y[0],
                                 m.x[1],
                                 m.y[1],
                                 m.x[2],
                                 m.y[2],
                                 m.x[3],
                                 m.y[3],
                                 m.left,
                                 m.top,
                                 m.right,
                                 m.bottom};
    std::copy(row, row + kFields, rows_ + kFields * next_);
  }

  emp_local_verifier* verifier_ = nullptr;
  emp_local_candidate candidates_[kMostCandidates] = {};
  double rows_[kMostCandidates * kFields] = {};
  uint64_t images_ = 0;
  size_t count_ = 0, next_ = 0;
};

}  // namespace

void add_local_verify(Napi::Env env, Napi::Object exports) {
  exports.Set("verifyLocal", Napi::Function::New(env, VerifyJob::queue, "verifyLocal"));
}

}  // namespace binding
