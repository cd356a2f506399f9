// Functions on videos. syntheticScore scores how synthetic an image looks. frameBoxes finds where a frame may contain
// another image. alignVideos aligns a query with known videos; its arrays belong to a VideoIndex and never change, so
// they are not copied: the request keeps them alive.
#include <algorithm>
#include <cmath>
#include <memory>
#include <new>

#include "job.h"
#include "module.h"

namespace binding {
namespace {

constexpr size_t kFields = 12;  // of a segment, in the order of JavaScript's face

template <class T>
struct View {
  const T* data = nullptr;
  size_t size = 0;
};

template <class T>
bool read_array(const Napi::Value& value, napi_typedarray_type wanted, View<T>* out) {
  napi_typedarray_type type;
  void* data = nullptr;
  if (!value.IsTypedArray() ||
      napi_get_typedarray_info(value.Env(), value, &type, &out->size, &data, nullptr, nullptr) != napi_ok ||
      type != wanted)
    return fail(value.Env(), "expected another typed array");
  out->data = static_cast<const T*>(data);
  return true;
}

bool read_video(const Napi::Value& value, emp_video* out) {
  View<uint8_t> hashes;
  View<double> from, to;
  if (!value.IsObject()) return fail(value.Env(), "expected a video");
  if (!read_array(property(value, "hashes"), napi_uint8_array, &hashes) ||
      !read_array(property(value, "from"), napi_float64_array, &from) ||
      !read_array(property(value, "to"), napi_float64_array, &to) ||
      !read_double(property(value, "duration"), &out->duration) ||
      !read_double(property(value, "spacing"), &out->spacing))
    return false;
  if (from.size != to.size || hashes.size != EMP_HASH_BYTES * from.size)
    return fail(value.Env(), "expected as many hashes as times");
  out->hashes = hashes.data, out->from = from.data, out->to = to.data, out->count = from.size;
  return true;
}

struct Candidate {
  emp_video video = {};
  bool everywhere = true;
  View<uint32_t> places;  // pairs of query and known
};

class AlignJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<AlignJob>(new AlignJob);
    if (!job->accept(info[1]) || !job->read(info[0])) return info.Env().Undefined();
    job->keep(info[0]);
    return Job::start(job.release(), info.Env(), info[1]);
  }

 protected:
  // Aligns one candidate in each turn on the pool.
  emp_status run() override {
    if (next_ == count_) return EMP_OK;
    const Candidate& candidate = candidates_[next_];
    emp_video_options options = options_;
    options.cancel = cancel();
    static constexpr emp_video_near kNowhere = {0, 0};
    if (!candidate.everywhere) {
      // Pairs of two numbers have the layout of the core's struct.
      static_assert(sizeof(emp_video_near) == 2 * sizeof(uint32_t));
      options.place_count = candidate.places.size / 2;
      options.places =
          options.place_count == 0 ? &kNowhere : reinterpret_cast<const emp_video_near*>(candidate.places.data);
    }
    emp_video_segment segments[EMP_VIDEO_SEGMENTS];
    size_t found = 0;
    const emp_status status = emp_video_align(&query_, &candidate.video, &options, segments, &found);
    if (status != EMP_OK) return status;
    for (size_t i = 0; i < found; ++i)
      if (!push(segments[i])) return EMP_OUT_OF_MEMORY;
    ++next_;
    return EMP_OK;
  }
  bool again() const override { return next_ < count_; }

  napi_value result(napi_env env) override {
    void* data = nullptr;
    napi_value buffer, array;
    const size_t bytes = size_ * sizeof(double);
    if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return nullptr;
    if (bytes > 0) std::copy(rows_.get(), rows_.get() + size_, static_cast<double*>(data));
    return napi_create_typedarray(env, napi_float64_array, size_, buffer, 0, &array) == napi_ok ? array : nullptr;
  }

 private:
  // {query, weights, partialWeights, candidates, radius, supportRadius, minSpeed, maxSpeed, includeWeak}
  bool read(const Napi::Value& request) {
    const Napi::Env env = request.Env();
    View<float> weights, partial_weights;
    bool include_weak = false;
    uint32_t count = 0;
    if (!request.IsObject()) return fail(env, "expected a request");
    const Napi::Value list = property(request, "candidates");
    if (!read_video(property(request, "query"), &query_) ||
        !read_array(property(request, "weights"), napi_float32_array, &weights) ||
        !read_uint32(property(request, "radius"), &options_.radius) ||
        !read_uint32(property(request, "supportRadius"), &options_.support_radius) ||
        !read_double(property(request, "minSpeed"), &options_.min_speed) ||
        !read_double(property(request, "maxSpeed"), &options_.max_speed) ||
        !read_bool(property(request, "includeWeak"), &include_weak))
      return false;
    const Napi::Value partial = property(request, "partialWeights");
    if (!partial.IsUndefined() && !read_array(partial, napi_float32_array, &partial_weights)) return false;
    if (weights.size != query_.count || (partial_weights.data != nullptr && partial_weights.size != query_.count))
      return fail(env, "expected a weight for each hash");
    if (!list.IsArray() || napi_get_array_length(env, list, &count) != napi_ok)
      return fail(env, "expected a list of candidates");
    options_.weights = weights.data;
    options_.partial_weights = partial_weights.data;
    options_.include_weak = include_weak ? 1 : 0;
    candidates_.reset(new (std::nothrow) Candidate[count + size_t{1}]);
    if (!candidates_) return fail(env, EMP_OUT_OF_MEMORY);
    for (; count_ < count; ++count_) {
      napi_handle_scope scope;
      napi_value element = nullptr;
      if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
      bool good = napi_get_element(env, list, static_cast<uint32_t>(count_), &element) == napi_ok &&
                  read_candidate({env, element}, &candidates_[count_]);
      napi_close_handle_scope(env, scope);
      if (!good) return false;
    }
    return true;
  }

  static bool read_candidate(const Napi::Value& value, Candidate* out) {
    if (!read_video(value, &out->video)) return false;
    const Napi::Value places = property(value, "places");
    if (places.IsUndefined()) return true;
    out->everywhere = false;
    if (!read_array(places, napi_uint32_array, &out->places)) return false;
    return out->places.size % 2 == 0 || fail(value.Env(), "expected pairs");
  }

  bool push(const emp_video_segment& s) {
    if (size_ + kFields > capacity_) {
      const size_t wanted = 2 * capacity_ + 16 * kFields;
      std::unique_ptr<double[]> larger(new (std::nothrow) double[wanted]);
      if (!larger) return false;
      std::copy(rows_.get(), rows_.get() + size_, larger.get());
      rows_ = std::move(larger);
      capacity_ = wanted;
    }
    const double row[kFields] = {static_cast<double>(next_),
                                 s.query_from,
                                 s.query_to,
                                 s.known_from,
                                 s.known_to,
                                 s.speed,
                                 s.distance,
                                 s.share,
                                 s.evidence,
                                 s.static_share,
                                 static_cast<double>(s.nearest),
                                 static_cast<double>(s.matches)};
    std::copy(row, row + kFields, rows_.get() + size_);
    size_ += kFields;
    return true;
  }

  emp_video query_ = {};
  emp_video_options options_ = {};
  std::unique_ptr<Candidate[]> candidates_;
  size_t count_ = 0, next_ = 0;
  std::unique_ptr<double[]> rows_;
  size_t size_ = 0, capacity_ = 0;
};

Napi::Value frame_boxes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  emp_pixels pixels = {};
  if (!read_pixels(info[0], &pixels)) return env.Undefined();
  emp_box boxes[EMP_BOXES_MOST];
  size_t count = 0;
  const emp_status status = emp_frame_boxes(&pixels, boxes, &count);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, 4 * count * sizeof(float), &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_float32_array, 4 * count, buffer, 0, &array) != napi_ok)
    return env.Undefined();
  float* number = static_cast<float*>(data);
  for (size_t i = 0; i < count; ++i)
    for (const float side : {boxes[i].left, boxes[i].top, boxes[i].right, boxes[i].bottom}) *number++ = side;
  return Napi::Value(env, array);
}

Napi::Value synthetic_score(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  emp_pixels pixels = {};
  uint32_t percent = 0;
  if (!read_pixels(info[0], &pixels)) return env.Undefined();
  const emp_status status = emp_synthetic_score(&pixels, &percent);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  return Napi::Number::New(env, percent);
}

// pixels, and the width and height of the copy.
Napi::Value shrink(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  emp_pixels pixels = {};
  uint32_t width = 0, height = 0;
  if (!read_pixels(info[0], &pixels) || !read_uint32(info[1], &width) || !read_uint32(info[2], &height))
    return env.Undefined();
  if (width > pixels.width || height > pixels.height) return fail(env, EMP_BAD_GEOMETRY), env.Undefined();
  const size_t size = size_t{width} * height * (pixels.channels == 1 ? 1 : 3);
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &array) != napi_ok)
    return env.Undefined();
  const emp_status status = emp_shrink(&pixels, width, height, static_cast<uint8_t*>(data));
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  return Napi::Value(env, array);
}

}  // namespace

void add_video(Napi::Env env, Napi::Object exports) {
  exports.Set("frameBoxes", Napi::Function::New(env, frame_boxes, "frameBoxes"));
  exports.Set("syntheticScore", Napi::Function::New(env, synthetic_score, "syntheticScore"));
  exports.Set("shrink", Napi::Function::New(env, shrink, "shrink"));
  exports.Set("alignVideos", Napi::Function::New(env, AlignJob::queue, "alignVideos"));
}

}  // namespace binding
