// What a reader said of a list, to compare: the same bytes in any pieces give the same transcript.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../native/empreinte.h"

struct Event {
  uint64_t line;
  int problem;  // −1: an entry
  std::string hash, metadata;
  bool operator==(const Event&) const = default;
};

struct Transcript {
  std::vector<Event> events;
  emp_list_form form;
  bool operator==(const Transcript&) const = default;
};

inline std::string hex(const uint8_t* hash) {
  char out[64];
  emp_hash_to_hex(hash, out);
  return {out, sizeof(out)};
}

// `piece(i)` returns how many bytes the i-th piece has, at least 1. Each piece is a buffer of its own, of exactly its
// size, so that the sanitizer sees a byte read too far.
template <class Piece>
Transcript read_list(const std::string& text, bool allow_trivial, Piece piece) {
  Transcript transcript;
  const emp_list_sink sink = {
      &transcript.events,
      [](void* events, uint64_t line, const uint8_t* hash, const char* metadata, size_t length) {
        static_cast<std::vector<Event>*>(events)->push_back({line, -1, hex(hash), std::string(metadata, length)});
      },
      [](void* events, uint64_t line, emp_list_problem problem) {
        static_cast<std::vector<Event>*>(events)->push_back({line, problem, {}, {}});
      }};
  emp_list* list = nullptr;
  if (emp_list_create(allow_trivial ? 1 : 0, &list) != EMP_OK) std::abort();
  for (size_t at = 0, i = 0; at < text.size(); ++i) {
    const size_t size = std::min<size_t>(piece(i), text.size() - at);
    const std::unique_ptr<uint8_t[]> bytes(new uint8_t[size]);
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), size, bytes.get());
    if (emp_list_feed(list, bytes.get(), size, &sink) != EMP_OK) std::abort();
    at += size;
  }
  if (emp_list_finish(list, &sink) != EMP_OK) std::abort();
  transcript.form = emp_list_get_form(list);
  emp_list_destroy(list);
  return transcript;
}

inline Transcript read_whole(const std::string& text, bool allow_trivial = false) {
  return read_list(text, allow_trivial, [&](size_t) { return text.size(); });
}
