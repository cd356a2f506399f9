// The streaming list reader. It keeps one line or, in the CSV form, one record, which may have line breaks inside
// quotes. It allocates all of its memory when it is created, and reads each byte a bounded number of times whatever the
// file contains.
//
// The first readable line determines the form. Lines before it are reported and change nothing.
#include <cstdint>

#include "../empreinte.h"
#include "../memory.h"
#include "fields.h"
#include "signals.h"

using empreinte::Array;
using namespace empreinte::lists;

namespace {

constexpr size_t kMostLineBytes = 65536;
constexpr size_t kMetadataNames = 32;  // room for "collab=", "; category=" and "; tags="
constexpr uint32_t kNoColumn = UINT32_MAX;

// The reasons are in the same order in both.
static_assert(int{EMP_LIST_TRIVIAL_PERIODIC} - int{EMP_LIST_TRIVIAL_ALL_ZERO} + 1 == int{EMP_TRIVIAL_PERIODIC});

enum Column { kType, kSignal, kCollab, kCategory, kTags, kColumns };
constexpr const char* kColumnNames[kColumns] = {"signal_type", "signal_str", "collab", "category", "tags"};

}  // namespace

struct emp_list {
  bool allow_trivial = false;
  emp_list_form form = EMP_LIST_UNKNOWN;

  Array<char> line{kMostLineBytes};
  size_t used = 0;        // bytes of `line`: the beginning of a line whose end has not come yet
  bool skipping = false;  // whether it skips the rest of a line that was too long
  uint64_t number = 1;    // of the current line

  Array<char> record{kMostLineBytes + 1};
  size_t recorded = 0;       // bytes of `record`: a CSV record whose quote is open
  uint64_t record_line = 0;  // where it began
  bool broken = false;       // whether it reads the lines of an open record again, in which no record spans lines

  Array<char> scratch{kMostLineBytes + 1};
  Array<char> metadata{kMostLineBytes + 1 + kMetadataNames};
  uint32_t columns[kColumns];

  explicit operator bool() const { return line && record && scratch && metadata; }

  void take(Span part, bool ends, const emp_list_sink& sink);
  void finish(const emp_list_sink& sink);

 private:
  void read_line(Span text, uint64_t at, const emp_list_sink& sink);
  void read_content(Span text, uint64_t at, const emp_list_sink& sink);
  void read_unknown(Span text, uint64_t at, const emp_list_sink& sink);
  bool read_plain(Span text, uint64_t at, const emp_list_sink& sink);
  void read_signal(Span text, uint64_t at, const emp_list_sink& sink);
  void read_csv(Span text, uint64_t at, const emp_list_sink& sink);
  bool read_header(Span text);
  void give_up_record(const emp_list_sink& sink);
  bool entry(Span hash_text, Span about, uint64_t at, const emp_list_sink& sink);
};

// Takes the bytes of a line as they come. `ends` says whether its line break has come too.
void emp_list::take(Span part, bool ends, const emp_list_sink& sink) {
  if (!skipping && part.size > kMostLineBytes - used) {
    give_up_record(sink);
    sink.problem(sink.context, number, EMP_LIST_LINE_TOO_LONG);
    skipping = true;
    used = 0;
  }
  if (!skipping && (used > 0 || !ends)) {
    if (part.size > 0) std::memcpy(line.data() + used, part.data, part.size);
    used += part.size;
    part = {line.data(), used};
  }
  if (!ends) return;
  if (!skipping) read_line(part, number, sink);
  skipping = false;
  used = 0;
  ++number;
}

void emp_list::finish(const emp_list_sink& sink) {
  if (used > 0) take({}, true, sink);
  give_up_record(sink);
}

void emp_list::read_line(Span text, uint64_t at, const emp_list_sink& sink) {
  if (at == 1 && text.size >= 3 && std::memcmp(text.data, "\xef\xbb\xbf", 3) == 0) text = text.from(3);
  if (form != EMP_LIST_SIGNAL_CSV || broken) return read_content(text, at, sink);

  if (recorded + text.size + 1 > kMostLineBytes) give_up_record(sink);
  const bool was_open = recorded > 0;
  const bool open = open_at_end(text, was_open);
  if (!was_open && !open) return read_content(text, at, sink);
  if (!was_open) record_line = at;
  std::memcpy(record.data() + recorded, text.data, text.size);
  recorded += text.size;
  record[recorded++] = '\n';
  if (open) return;
  const Span whole{record.data(), recorded - 1};
  recorded = 0;
  read_content(whole, record_line, sink);
}

// The quote that opened a record never ended. Its first line is lost; the lines swallowed since are read again.
void emp_list::give_up_record(const emp_list_sink& sink) {
  if (recorded == 0) return;
  Span rest{record.data(), recorded};
  recorded = 0;
  broken = true;
  sink.problem(sink.context, record_line, EMP_LIST_OPEN_QUOTE);
  rest = rest.from(rest.find('\n') + 1);
  for (uint64_t at = record_line + 1; rest.size > 0; ++at) {
    const size_t end = rest.find('\n');
    read_line(rest.to(end), at, sink);
    rest = rest.from(end + 1);
  }
  broken = false;
}

// Reads a line, or a record with the line breaks inside its quotes.
void emp_list::read_content(Span text, uint64_t at, const emp_list_sink& sink) {
  if (text.size > 0 && text.data[text.size - 1] == '\r') --text.size;
  text = trim(text);
  if (text.size == 0) return;
  if (text.find('\0') != text.size) return sink.problem(sink.context, at, EMP_LIST_NUL_BYTE);
  switch (form) {
    case EMP_LIST_UNKNOWN:
      return read_unknown(text, at, sink);
    case EMP_LIST_PLAIN:
      read_plain(text, at, sink);
      return;
    case EMP_LIST_SIGNALS:
      return read_signal(text, at, sink);
    case EMP_LIST_SIGNAL_CSV:
      return read_csv(text, at, sink);
  }
}

void emp_list::read_unknown(Span text, uint64_t at, const emp_list_sink& sink) {
  if (read_header(text)) return;
  Span type, signal;
  if (split_signal(text, &type, &signal) && !is_hash(type)) {
    if (is_signal_type(type)) form = EMP_LIST_SIGNALS;
    return read_signal(text, at, sink);
  }
  if (read_plain(text, at, sink)) form = EMP_LIST_PLAIN;
}

// Determines the form. A header names it; an ordinary line has no such words.
bool emp_list::read_header(Span text) {
  Fields fields(text, scratch.data());
  Span field;
  for (uint32_t& column : columns) column = kNoColumn;
  for (uint32_t i = 0; fields.next(&field); ++i) {
    if (i == 0 && is_word(field, "hash")) {
      form = EMP_LIST_PLAIN;
      return true;
    }
    for (int c = 0; c < kColumns; ++c)
      if (columns[c] == kNoColumn && is_word(trim(field), kColumnNames[c])) columns[c] = i;
  }
  if (columns[kType] == kNoColumn || columns[kSignal] == kNoColumn) return false;
  form = EMP_LIST_SIGNAL_CSV;
  return true;
}

// Returns whether there was a hash, trivial or not.
bool emp_list::read_plain(Span text, uint64_t at, const emp_list_sink& sink) {
  Fields fields(text, scratch.data());
  Span hash, quoted;
  if (!fields.next(&hash)) {
    sink.problem(sink.context, at, EMP_LIST_OPEN_QUOTE);
    return false;
  }
  // Metadata is free text and may have commas. It loses its quotes only when it is a single quoted field.
  Span rest = trim(fields.rest());
  if (rest.size > 0 && rest.data[0] == '"' && fields.next(&quoted) && fields.done()) rest = quoted;
  return entry(hash, rest, at, sink);
}

void emp_list::read_signal(Span text, uint64_t at, const emp_list_sink& sink) {
  Span type, signal;
  if (!split_signal(text, &type, &signal)) return sink.problem(sink.context, at, EMP_LIST_MISSING_FIELD);
  if (!is_word(type, "pdq")) return sink.problem(sink.context, at, EMP_LIST_OTHER_SIGNAL);
  entry(signal, {}, at, sink);
}

// Makes the metadata of the columns that have a value: "collab=…; category=…; tags=…".
void emp_list::read_csv(Span text, uint64_t at, const emp_list_sink& sink) {
  Fields fields(text, scratch.data());
  Span field, found[kColumns];
  for (uint32_t i = 0; fields.next(&field); ++i)
    for (int c = 0; c < kColumns; ++c)
      if (columns[c] == i) found[c] = field;
  if (fields.open()) return sink.problem(sink.context, at, EMP_LIST_OPEN_QUOTE);
  const Span type = trim(found[kType]);
  if (type.size == 0 || found[kSignal].size == 0) return sink.problem(sink.context, at, EMP_LIST_MISSING_FIELD);
  if (!is_word(type, "pdq")) return sink.problem(sink.context, at, EMP_LIST_OTHER_SIGNAL);

  size_t size = 0;
  const auto append = [&](Span s) {
    if (s.size > 0) std::memcpy(metadata.data() + size, s.data, s.size);
    size += s.size;
  };
  for (int c = kCollab; c < kColumns; ++c) {
    if (found[c].size == 0) continue;
    if (size > 0) append({"; ", 2});
    append({kColumnNames[c], std::strlen(kColumnNames[c])});
    append({"=", 1});
    append(found[c]);
  }
  entry(found[kSignal], {metadata.data(), size}, at, sink);
}

bool emp_list::entry(Span hash_text, Span about, uint64_t at, const emp_list_sink& sink) {
  if (trim(hash_text).size == 0) return sink.problem(sink.context, at, EMP_LIST_MISSING_FIELD), false;
  uint8_t hash[EMP_HASH_BYTES];
  const emp_status status = emp_hash_parse(hash_text.data, hash_text.size, hash);
  if (status != EMP_OK) {
    const bool length = status == EMP_BAD_HASH_LENGTH;
    sink.problem(sink.context, at, length ? EMP_LIST_BAD_HASH_LENGTH : EMP_LIST_BAD_HASH_CHARACTER);
    return false;
  }
  const emp_trivial reason = allow_trivial ? EMP_TRIVIAL_NONE : emp_hash_trivial(hash);
  if (reason == EMP_TRIVIAL_NONE)
    sink.entry(sink.context, at, hash, about.data, about.size);
  else
    sink.problem(sink.context, at, static_cast<emp_list_problem>(int{EMP_LIST_TRIVIAL_ALL_ZERO} + int{reason} - 1));
  return true;
}

emp_status emp_list_create(int allow_trivial, emp_list** out) {
  emp_list* list = new (std::nothrow) emp_list;
  if (list == nullptr || !*list) {
    delete list;
    return EMP_OUT_OF_MEMORY;
  }
  list->allow_trivial = allow_trivial != 0;
  *out = list;
  return EMP_OK;
}

emp_status emp_list_feed(emp_list* list, const uint8_t* data, size_t size, const emp_list_sink* sink) {
  Span rest{reinterpret_cast<const char*>(data), size};
  while (rest.size > 0) {
    const size_t end = rest.find('\n');
    const bool ends = end != rest.size;
    list->take(rest.to(end), ends, *sink);
    rest = rest.from(ends ? end + 1 : end);
  }
  return EMP_OK;
}

emp_status emp_list_finish(emp_list* list, const emp_list_sink* sink) {
  list->finish(*sink);
  return EMP_OK;
}

emp_list_form emp_list_get_form(const emp_list* list) { return list->form; }

void emp_list_destroy(emp_list* list) { delete list; }

const char* emp_list_problem_message(emp_list_problem problem) {
  switch (problem) {
    case EMP_LIST_BAD_HASH_LENGTH:
      return emp_status_message(EMP_BAD_HASH_LENGTH);
    case EMP_LIST_BAD_HASH_CHARACTER:
      return emp_status_message(EMP_BAD_HASH_CHARACTER);
    case EMP_LIST_NUL_BYTE:
      return "a NUL byte in the line: this is not text";
    case EMP_LIST_LINE_TOO_LONG:
      return "the line is longer than 65,536 bytes";
    case EMP_LIST_OTHER_SIGNAL:
      return "a signal of another type than pdq";
    case EMP_LIST_MISSING_FIELD:
      return "the signal type or the hash is missing";
    case EMP_LIST_OPEN_QUOTE:
      return "a quoted field never ends";
    case EMP_LIST_TRIVIAL_ALL_ZERO:
      return emp_trivial_message(EMP_TRIVIAL_ALL_ZERO);
    case EMP_LIST_TRIVIAL_ALL_ONE:
      return emp_trivial_message(EMP_TRIVIAL_ALL_ONE);
    case EMP_LIST_TRIVIAL_UNBALANCED:
      return emp_trivial_message(EMP_TRIVIAL_UNBALANCED);
    case EMP_LIST_TRIVIAL_PERIODIC:
      return emp_trivial_message(EMP_TRIVIAL_PERIODIC);
  }
  return "unknown";
}
