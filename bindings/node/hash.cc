// hashSync and hash: they take pixels and return one hash.
#include <memory>
#include <new>

#include "job.h"
#include "module.h"

namespace binding {
namespace {

// The samples of a buffer. The core takes 8-bit grey, RGB and RGBA. Others are repacked first, in place, so only in
// memory that this addon owns.
struct Layout {
  uint32_t channels;
  bool wide;  // 16-bit samples
  bool cmyk;  // CMYK instead of RGBA
  bool repacked() const { return wide || cmyk || channels == 2; }
};

struct Request {
  emp_pixels pixels = {};
  Napi::Value data;  // the typed array of the pixels, valid during the call only
  Layout layout = {};
  emp_hash_options options = {};
  bool owned = false;
};

// Arguments: pixels {data, width, height, channels, stride}, options {depth, cmyk, method, compat, orientations,
// kernel, owned}.
bool read_request(const Napi::CallbackInfo& info, Request* r) {
  Options options;
  uint32_t depth = 8;
  bool orientations = false;
  if (!read_pixels(info[0], &r->pixels, &r->data) || !options.open(info[1]) || !options.read("depth", &depth) ||
      !options.read("cmyk", &r->layout.cmyk) || !options.read("method", &r->options.method) ||
      !options.read("compat", &r->options.compat) || !options.read("orientations", &orientations) ||
      !options.read("kernel", &r->options.kernel) || !options.read("owned", &r->owned))
    return false;
  r->layout.channels = r->pixels.channels;
  r->layout.wide = depth == 16;
  r->options.dihedral = orientations ? 1 : 0;
  const Layout& layout = r->layout;
  if (!layout.repacked() && depth == 8) {
    const emp_status status = emp_pixels_check(&r->pixels);
    return status == EMP_OK || fail(info.Env(), status);
  }
  // Repacking takes samples without gaps.
  const uint64_t row = uint64_t{r->pixels.width} * layout.channels * (layout.wide ? 2 : 1);
  const bool known = (depth == 8 || depth == 16) && layout.channels >= 1 && layout.channels <= 4 &&
                     (!layout.cmyk || layout.channels == 4);
  if (!known || row != r->pixels.stride || r->pixels.height == 0 || row == 0 || r->pixels.size / row < r->pixels.height)
    return fail(info.Env(), EMP_BAD_GEOMETRY);
  return true;
}

// Makes `pixels` 8-bit grey, RGB or RGBA. `data` is pixels.data, writable.
void repack(const Layout& layout, uint8_t* data, emp_pixels* pixels) {
  const size_t count = size_t{pixels->width} * pixels->height;
  if (layout.wide) emp_repack_16_to_8(data, count * layout.channels);
  if (layout.cmyk) emp_repack_cmyk_to_rgb(data, count);
  if (layout.channels == 2) emp_repack_drop_alpha(data, count);
  pixels->channels = layout.cmyk ? 3 : layout.channels == 2 ? 1 : layout.channels;
  pixels->stride = size_t{pixels->width} * pixels->channels;
}

napi_value hex_string(napi_env env, const uint8_t* hash) {
  char text[64];
  emp_hash_to_hex(hash, text);
  napi_value value = nullptr;
  napi_create_string_latin1(env, text, sizeof(text), &value);
  return value;
}

// Returns {hash, quality, stable, methodUsed, orientations?}. It uses status-checked calls only.
napi_value result_object(napi_env env, const emp_hash_result& r, bool orientations) {
  napi_value object, quality, stable, method_used;
  napi_value hash = hex_string(env, r.hash);
  if (hash == nullptr || napi_create_object(env, &object) != napi_ok ||
      napi_create_int32(env, r.quality, &quality) != napi_ok ||
      napi_get_boolean(env, r.stable != 0, &stable) != napi_ok ||
      napi_create_int32(env, r.method_used, &method_used) != napi_ok ||
      napi_set_named_property(env, object, "hash", hash) != napi_ok ||
      napi_set_named_property(env, object, "quality", quality) != napi_ok ||
      napi_set_named_property(env, object, "stable", stable) != napi_ok ||
      napi_set_named_property(env, object, "methodUsed", method_used) != napi_ok)
    return nullptr;
  if (!orientations) return object;
  napi_value list;
  if (napi_create_array_with_length(env, EMP_DIHEDRAL_COUNT, &list) != napi_ok) return nullptr;
  for (uint32_t v = 0; v < EMP_DIHEDRAL_COUNT; ++v) {
    napi_value text = hex_string(env, r.dihedral[v]);
    if (text == nullptr || napi_set_element(env, list, v, text) != napi_ok) return nullptr;
  }
  return napi_set_named_property(env, object, "orientations", list) == napi_ok ? object : nullptr;
}

Napi::Value hash_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Request request;
  if (!read_request(info, &request)) return env.Undefined();
  std::unique_ptr<uint8_t[]> copy;
  if (request.layout.repacked()) {
    copy.reset(new (std::nothrow) uint8_t[request.pixels.size]);
    if (!copy) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
    std::memcpy(copy.get(), request.pixels.data, request.pixels.size);
    request.pixels.data = copy.get();
    repack(request.layout, copy.get(), &request.pixels);
  }
  emp_hash_result result;
  const emp_status status = emp_hash(&request.pixels, &request.options, &result);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  const napi_value object = result_object(env, result, request.options.dihedral != 0);
  return object == nullptr ? env.Undefined() : Napi::Value(env, object);
}

// Arguments: bytes, kernel. Expands limited-range luma to the full range in place. It is short enough for the caller's
// thread.
Napi::Value expand_luma(const Napi::CallbackInfo& info) {
  Bytes bytes;
  const emp_kernel* kernel = nullptr;
  if (read_bytes(info[0], &bytes) && read_kernel(info[1], &kernel))
    emp_repack_limited_luma(kernel, const_cast<uint8_t*>(bytes.data), bytes.size);
  return info.Env().Undefined();
}

class HashJob : public Job {
 public:
  // Arguments: pixels, options, cancel. An `owned` buffer is read and repacked in place, because nobody else holds it.
  // Any other is copied, because it may be transferred or shrunk while the job runs.
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<HashJob>(new HashJob);
    if (!read_request(info, &job->request_)) return env.Undefined();
    if (job->request_.owned) {
      job->keep(job->request_.data);
    } else {
      emp_pixels& pixels = job->request_.pixels;
      job->copy_.reset(new (std::nothrow) uint8_t[pixels.size]);
      if (!job->copy_) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
      std::memcpy(job->copy_.get(), pixels.data, pixels.size);
      pixels.data = job->copy_.get();
    }
    return Job::start(job.release(), env, info[2]);
  }

 protected:
  emp_status run() override {
    request_.options.cancel = cancel();
    if (request_.layout.repacked())
      repack(request_.layout, const_cast<uint8_t*>(request_.pixels.data), &request_.pixels);
    const emp_status status = emp_hash(&request_.pixels, &request_.options, &result_);
    copy_.reset();
    return status;
  }
  napi_value result(napi_env env) override { return result_object(env, result_, request_.options.dihedral != 0); }

 private:
  Request request_;
  std::unique_ptr<uint8_t[]> copy_;
  emp_hash_result result_;
};

}  // namespace

void add_hash(Napi::Env env, Napi::Object exports) {
  exports.Set("expandLuma", Napi::Function::New(env, expand_luma, "expandLuma"));
  exports.Set("hashSync", Napi::Function::New(env, hash_sync, "hashSync"));
  exports.Set("hash", Napi::Function::New(env, HashJob::queue, "hash"));
}

}  // namespace binding
