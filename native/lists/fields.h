// The pieces of a line: words, and fields by RFC 4180. Where files stray from it, fields are read as Python's csv
// module does: a quote inside an unquoted field and text after a closing quote are kept unchanged.
#pragma once
#include <cstddef>
#include <cstring>

namespace empreinte::lists {

struct Span {
  const char* data = nullptr;
  size_t size = 0;

  Span from(size_t i) const { return {data + i, size - i}; }
  Span to(size_t i) const { return {data, i}; }
  // Returns the position of `c`, or the size when there is none.
  size_t find(char c) const {
    const void* at = size > 0 ? std::memchr(data, c, size) : nullptr;
    return at ? static_cast<size_t>(static_cast<const char*>(at) - data) : size;
  }
};

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline Span trim(Span s) {
  while (s.size > 0 && is_blank(s.data[0])) s = s.from(1);
  while (s.size > 0 && is_blank(s.data[s.size - 1])) --s.size;
  return s;
}

// Returns whether the text is `lower` in any case.
inline bool is_word(Span s, const char* lower) {
  size_t i = 0;
  for (; i < s.size && lower[i] != '\0'; ++i) {
    const char c = s.data[i] >= 'A' && s.data[i] <= 'Z' ? static_cast<char>(s.data[i] + ('a' - 'A')) : s.data[i];
    if (c != lower[i]) return false;
  }
  return i == s.size && lower[i] == '\0';
}

// Returns whether a quoted field is still open at the end of this line. `open` says whether one was open at its
// beginning.
inline bool open_at_end(Span line, bool open) {
  if (line.find('"') == line.size) return open;
  enum { kStart, kPlain, kQuoted, kAfterQuote } state = open ? kQuoted : kStart;
  for (size_t i = 0; i < line.size; ++i) {
    const char c = line.data[i];
    if (state == kQuoted) {
      if (c == '"') state = kAfterQuote;
    } else if (c == ',') {
      state = kStart;
    } else if (c == '"' && (state == kStart || state == kAfterQuote)) {
      state = kQuoted;
    } else if (state == kAfterQuote || (state == kStart && !is_blank(c))) {
      state = kPlain;
    }
  }
  return state == kQuoted;
}

// Reads fields one after the other. It unescapes a quoted field into `scratch`, which has room for the whole record.
class Fields {
 public:
  Fields(Span record, char* scratch) : rest_(record), scratch_(scratch) {}

  // Returns false when there is no further field, or when a quoted one does not end, which `open()` says.
  bool next(Span* field) {
    if (done_) return false;
    size_t i = 0;
    while (i < rest_.size && is_blank(rest_.data[i])) ++i;
    if (i < rest_.size && rest_.data[i] == '"') return quoted(rest_.from(i + 1), field);
    const size_t comma = rest_.find(',');
    *field = trim(rest_.to(comma));
    advance(rest_, comma);
    return true;
  }
  bool open() const { return open_; }
  bool done() const { return done_; }
  // Returns what follows the last field's comma.
  Span rest() const { return rest_; }

 private:
  bool quoted(Span s, Span* field) {
    *field = {scratch_, 0};
    size_t i = 0;
    for (; i < s.size; ++i) {
      const bool doubled = i + 1 < s.size && s.data[i + 1] == '"';
      if (s.data[i] == '"' && !doubled) break;
      if (s.data[i] == '"') ++i;
      *scratch_++ = s.data[i];
    }
    if (i == s.size) {
      open_ = done_ = true;
      return false;
    }
    const Span after = s.from(i + 1);
    const size_t comma = after.find(',');
    const Span literal = trim(after.to(comma));
    if (literal.size > 0) std::memcpy(scratch_, literal.data, literal.size);
    scratch_ += literal.size;
    field->size = static_cast<size_t>(scratch_ - field->data);
    advance(after, comma);
    return true;
  }
  void advance(Span s, size_t comma) {
    done_ = comma == s.size;
    rest_ = done_ ? Span{} : s.from(comma + 1);
  }

  Span rest_;
  char* scratch_;
  bool done_ = false, open_ = false;
};

}  // namespace empreinte::lists
