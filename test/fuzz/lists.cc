// The list reader and hash text. Whatever the bytes: the same transcript whole, byte by byte and in pieces that the
// input chooses; at most one event a line, in order; with trivial hashes allowed the same lines and nothing lost;
// what parses as a hash prints and parses again to itself.
#include <cstdio>

#include "../native/transcript.h"

namespace {

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void check_order(const Transcript& t, const std::string& text) {
  const uint64_t lines = 1 + static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  uint64_t last = 0;
  for (const Event& e : t.events) {
    must(e.line > last && e.line <= lines, "lines out of order");
    must(e.metadata.size() <= 65536 + 32 && e.metadata.find('\0') == std::string::npos, "metadata that cannot be");
    must(e.problem < 0 || *emp_list_problem_message(static_cast<emp_list_problem>(e.problem)) != '\0',
         "unknown problem");
    last = e.line;
  }
}

// Refusing trivial hashes turns some entries into problems and changes nothing else.
void check_trivial(const Transcript& strict, const Transcript& lenient) {
  must(strict.form == lenient.form && strict.events.size() == lenient.events.size(), "trivial hashes change lines");
  for (size_t i = 0; i < strict.events.size(); ++i) {
    const Event &s = strict.events[i], &l = lenient.events[i];
    if (s == l) continue;
    must(s.line == l.line && s.problem >= EMP_LIST_TRIVIAL_ALL_ZERO && l.problem == -1, "another difference");
  }
}

void check_text(const char* text, size_t size) {
  uint8_t hash[EMP_HASH_BYTES], again[EMP_HASH_BYTES];
  if (emp_hash_parse(text, size, hash) != EMP_OK) return;
  const std::string printed = hex(hash);
  must(
      emp_hash_parse(printed.data(), printed.size(), again) == EMP_OK && std::equal(hash, hash + EMP_HASH_BYTES, again),
      "a hash that does not survive printing");
  must(emp_hash_distance(hash, again) == 0, "a hash away from itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  check_text(reinterpret_cast<const char*>(data), size);
  uint32_t state = static_cast<uint32_t>(data[0]) << 8 | data[1];
  std::string text(reinterpret_cast<const char*>(data + 4), size - 4);
  // Much in few bytes: a long line, or the end again and again, so that a record whose quote is open grows long.
  const size_t place = text.size() * (data[3] & 15u) / 15;
  if (data[3] >= 0xf0) text.insert(place, std::string(65530, 'x'));
  if (data[3] >= 0xe0 && data[3] < 0xf0 && place < text.size())
    for (const std::string end = text.substr(place); text.size() < 70000;) text += end;
  const uint32_t most = 1u + data[2] * (text.size() > 4096 ? 64u : 1u);
  const Transcript whole = read_whole(text);
  check_order(whole, text);
  const auto pieces = [&](size_t) { return 1 + ((state = state * 1664525 + 1013904223) >> 16) % most; };
  must(read_list(text, false, pieces) == whole, "another answer in pieces");
  if (text.size() < 4096)
    must(read_list(text, false, [](size_t) { return 1; }) == whole, "another answer byte by byte");
  if (!text.empty() && text.back() != '\n') must(read_whole(text + '\n') == whole, "a last line break matters");
  check_trivial(whole, read_whole(text, true));
  return 0;
}
