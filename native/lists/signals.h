// Lines of the form "<signal type> <signal>", as python-threatexchange writes them.
#pragma once
#include "../empreinte.h"
#include "fields.h"

namespace empreinte::lists {

// The signal types that python-threatexchange and its extensions name.
inline bool is_signal_type(Span word) {
  constexpr const char* types[] = {"pdq",      "pdq_ocr",     "vpdq",      "photodna", "tmk_pdqf", "video_md5",
                                   "md5",      "sha1",        "sha256",    "sha512",   "url",      "url_md5",
                                   "raw_text", "trend_query", "text_tlsh", "tlsh_pdf"};
  for (const char* type : types)
    if (is_word(word, type)) return true;
  return false;
}

inline bool is_hash(Span text) {
  uint8_t hash[EMP_HASH_BYTES];
  return emp_hash_parse(text.data, text.size, hash) == EMP_OK;
}

// Returns whether a line is a name (letters, digits, underscores), white space, and a value. "<hash> , …" is not.
inline bool split_signal(Span line, Span* type, Span* signal) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inside = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (line.size == 0 || !letter(line.data[0])) return false;
  size_t i = 1;
  while (i < line.size && inside(line.data[i])) ++i;
  if (i == line.size || !is_blank(line.data[i])) return false;
  *type = line.to(i);
  *signal = trim(line.from(i));
  return signal->size > 0 && signal->data[0] != ',';
}

}  // namespace empreinte::lists
