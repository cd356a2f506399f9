// A growing array of plain values that says when memory ran out.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <type_traits>

namespace empreinte {

template <class T>
class List {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() { std::free(data_); }

  [[nodiscard]] bool push(const T& value) {
    if (size_ == capacity_ && !reserve(capacity_ == 0 ? 64 : 2 * capacity_)) return false;
    data_[size_++] = value;
    return true;
  }
  [[nodiscard]] bool reserve(size_t wanted) {
    if (wanted <= capacity_) return true;
    void* grown = wanted > SIZE_MAX / sizeof(T) ? nullptr : std::realloc(static_cast<void*>(data_), wanted * sizeof(T));
    if (grown == nullptr) return false;
    data_ = static_cast<T*>(grown);
    capacity_ = wanted;
    return true;
  }
  // Resizes the list. New elements have no defined value until they are written.
  [[nodiscard]] bool resize(size_t size) {
    if (!reserve(size)) return false;
    size_ = size;
    return true;
  }
  void shrink(size_t size) { size_ = size; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace empreinte
