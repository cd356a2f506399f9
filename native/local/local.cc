// The functions of empreinte.h about local points.
#include <new>

#include "record.h"
#include "table.h"

using namespace empreinte;

namespace {

emp_status kernel_of(const emp_kernel** kernel) {
  return *kernel != nullptr ? EMP_OK : emp_kernel_find(nullptr, kernel);
}

// Makes the descriptors that every search needs, unless the points could not be extracted.
emp_status finish(emp_status status, emp_local_query* query, emp_local_query** out) {
  if (status == EMP_OK) {
    query->mirrored = Array<uint8_t>(size_t{EMP_HASH_BYTES} * query->points.count);
    if (!query->mirrored) status = EMP_OUT_OF_MEMORY;
  }
  if (status != EMP_OK) {
    delete query;
    return status;
  }
  describe(query->points, LocalForm::mirrored, *query->kernel, query->mirrored.data());
  *out = query;
  return EMP_OK;
}

}  // namespace

emp_status emp_local_register(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                              const emp_cancel* cancel, uint8_t* out, size_t* size) {
  *size = 0;
  emp_status status = kernel_of(&kernel);
  LocalPoints points;
  if (status == EMP_OK) status = registered_points(*pixels, *kernel, most, cancel, points);
  if (status != EMP_OK) return status;
  write_record(points, out);
  *size = record_size(points.count);
  return EMP_OK;
}

emp_status emp_local_record_check(const uint8_t* record, size_t size, emp_local_record_info* out) {
  LocalPoints points;
  const emp_status status = read_record(record, size, points);
  if (status == EMP_OK) *out = {points.width, points.height, points.count, kLocalTable.id};
  return status;
}

emp_status emp_local_record_descriptors(const uint8_t* record, size_t size, uint8_t* out) {
  LocalPoints points;
  const emp_status status = read_record(record, size, points);
  if (status != EMP_OK) return status;
  for (uint32_t i = 0; i < points.count; ++i)
    std::memcpy(out + size_t{EMP_HASH_BYTES} * i, points.points[i].descriptor, EMP_HASH_BYTES);
  return EMP_OK;
}

emp_status emp_local_query_create(const emp_pixels* pixels, const emp_kernel* kernel, const emp_cancel* cancel,
                                  emp_local_query** out) {
  *out = nullptr;
  emp_status status = kernel_of(&kernel);
  if (status != EMP_OK) return status;
  emp_local_query* query = new (std::nothrow) emp_local_query;
  if (query == nullptr) return EMP_OUT_OF_MEMORY;
  query->kernel = kernel;
  return finish(query_points(*pixels, *kernel, cancel, query->points), query, out);
}

emp_status emp_local_registered_create(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                                       const emp_cancel* cancel, emp_local_query** out) {
  *out = nullptr;
  emp_status status = kernel_of(&kernel);
  if (status != EMP_OK) return status;
  emp_local_query* query = new (std::nothrow) emp_local_query;
  if (query == nullptr) return EMP_OUT_OF_MEMORY;
  query->kernel = kernel;
  return finish(registered_points(*pixels, *kernel, most, cancel, query->points), query, out);
}

void emp_local_query_destroy(emp_local_query* query) { delete query; }

uint32_t emp_local_query_points(const emp_local_query* query) { return query->points.count; }

void emp_local_query_descriptors(const emp_local_query* query, emp_local_form form, uint8_t* out) {
  const LocalPoints& points = query->points;
  switch (form) {
    case EMP_LOCAL_PLAIN:
      for (uint32_t i = 0; i < points.count; ++i)
        std::memcpy(out + size_t{EMP_HASH_BYTES} * i, points.points[i].descriptor, EMP_HASH_BYTES);
      return;
    case EMP_LOCAL_MIRRORED:
      if (points.count > 0) std::memcpy(out, query->mirrored.data(), size_t{EMP_HASH_BYTES} * points.count);
      return;
    default:
      describe(points, static_cast<LocalForm>(form), *query->kernel, out);
  }
}

void emp_local_query_places(const emp_local_query* query, emp_local_place* out) {
  for (uint32_t i = 0; i < query->points.count; ++i) {
    const LocalPoint& p = query->points.points[i];
    out[i] = {p.x, p.y, p.sigma, p.angle};
  }
}

void emp_local_query_histograms(const emp_local_query* query, uint8_t* out) {
  for (uint32_t i = 0; i < query->points.count; ++i)
    std::memcpy(out + size_t{EMP_LOCAL_HISTOGRAM} * i, query->points.histograms[i].v, EMP_LOCAL_HISTOGRAM);
}
