// The list reader and hash text, without Node: each form, each problem, and the same answer whatever the pieces. Built
// with sanitizers by core.test.ts. Prints each failure and a last line with their number.
#include <cstdio>

#include "transcript.h"

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

// Two ordinary hashes, of the vectors min-5x5 and wavesrgb-2048x1536.
const std::string a = "69da318c9625ce73ce336cd96c4b9326318c318c69da318c9625ce73ce736cd9";
const std::string b = "44ef21c9fd8865c97fe865c952366dc8b7601015784e681fcbe89979f4545e26";
std::string upper(std::string s) {
  for (char& c : s) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  return s;
}

Event entry(uint64_t line, const std::string& hash, const std::string& metadata = "") {
  return {line, -1, hash, metadata};
}
Event problem(uint64_t line, emp_list_problem kind) { return {line, kind, "", ""}; }

void check(const char* what, const std::string& text, emp_list_form form, const std::vector<Event>& events,
           bool allow_trivial = false) {
  const Transcript wanted{events, form};
  const Transcript got = read_whole(text, allow_trivial);
  expect(got == wanted, what);
  if (!(got == wanted)) {
    std::printf("  form %d\n", got.form);
    for (const Event& e : got.events)
      std::printf("  line %llu problem %d %.8s <%.80s>\n", static_cast<unsigned long long>(e.line), e.problem,
                  e.hash.c_str(), e.metadata.c_str());
  }
  for (size_t size : {1, 2, 3, 7, 64, 65536})
    expect(read_list(text, allow_trivial, [&](size_t) { return size; }) == wanted, what);
  uint32_t state = 1;
  const auto random = [&](size_t) { return 1 + (state = state * 1664525 + 1013904223) % 97; };
  expect(read_list(text, allow_trivial, random) == wanted, what);
}

void plain() {
  check("nothing", "", EMP_LIST_UNKNOWN, {});
  check("blank lines only", "\n \t\r\n\n", EMP_LIST_UNKNOWN, {});
  check("a hash a line", a + "\n" + b + "\n", EMP_LIST_PLAIN, {entry(1, a), entry(2, b)});
  check("no line break at the end", a, EMP_LIST_PLAIN, {entry(1, a)});
  check("BOM, CRLF and blank lines", "\xef\xbb\xbf\r\n" + a + "\r\n\r\n" + b + ",x\r\n", EMP_LIST_PLAIN,
        {entry(2, a), entry(4, b, "x")});
  check("upper case, 0x, space", "0x" + upper(a) + "\n  " + upper(b) + "\t, y \n", EMP_LIST_PLAIN,
        {entry(1, a), entry(2, b, "y")});
  check("commas in the metadata", a + ",one, two,three\n", EMP_LIST_PLAIN, {entry(1, a, "one, two,three")});
  check("quoted metadata", a + ",\"one, \"\"two\"\"\"\n" + b + ",\"x\",\"y\"\n", EMP_LIST_PLAIN,
        {entry(1, a, "one, \"two\""), entry(2, b, "\"x\",\"y\"")});
  check("a quote in the metadata that never ends is text", a + ",\"one\n" + b, EMP_LIST_PLAIN,
        {entry(1, a, "\"one"), entry(2, b)});
  check("a quoted hash", "\"" + a + "\",x\n\"" + b + ",y\n", EMP_LIST_PLAIN,
        {entry(1, a, "x"), problem(2, EMP_LIST_OPEN_QUOTE)});
  check("a header", "Hash,Metadata\n" + a + ",x\n", EMP_LIST_PLAIN, {entry(2, a, "x")});
  check("a hash alone in the header", "hash\n" + a + "\n", EMP_LIST_PLAIN, {entry(2, a)});
  check("no hash before the comma", a + "\n,x\n", EMP_LIST_PLAIN, {entry(1, a), problem(2, EMP_LIST_MISSING_FIELD)});
  check("comments are not hashes", "# mine\n" + a + "\n", EMP_LIST_PLAIN,
        {problem(1, EMP_LIST_BAD_HASH_LENGTH), entry(2, a)});
  check("length and characters", a.substr(1) + "\n" + a.substr(0, 63) + "g\n" + b + "\n", EMP_LIST_PLAIN,
        {problem(1, EMP_LIST_BAD_HASH_LENGTH), problem(2, EMP_LIST_BAD_HASH_CHARACTER), entry(3, b)});
  check("NUL", a + "\n" + b + std::string(",x\0y\n", 5) + a, EMP_LIST_PLAIN,
        {entry(1, a), problem(2, EMP_LIST_NUL_BYTE), entry(3, a)});
}

void long_lines() {
  const std::string fits = a + "," + std::string(65536 - 65, 'x');
  check("65,536 bytes", fits + "\n" + b, EMP_LIST_PLAIN, {entry(1, a, fits.substr(65)), entry(2, b)});
  check("one more", fits + "x\n" + b, EMP_LIST_PLAIN, {problem(1, EMP_LIST_LINE_TOO_LONG), entry(2, b)});
  check("a long last line", b + "\n" + std::string(200000, 'x'), EMP_LIST_PLAIN,
        {entry(1, b), problem(2, EMP_LIST_LINE_TOO_LONG)});
}

void signals() {
  check("signals", "pdq " + a + "\nvideo_md5 0123\n\nPDQ\t" + upper(b) + "\n", EMP_LIST_SIGNALS,
        {entry(1, a), problem(2, EMP_LIST_OTHER_SIGNAL), entry(4, b)});
  check("another type first", "url example\npdq " + a + "\n", EMP_LIST_SIGNALS,
        {problem(1, EMP_LIST_OTHER_SIGNAL), entry(2, a)});
  check("a bad first line does not choose the form", "some words\npdq " + a + "\n", EMP_LIST_SIGNALS,
        {problem(1, EMP_LIST_OTHER_SIGNAL), entry(2, a)});
  check("a type without a signal", "pdq " + a + "\npdq\npdq zz\n" + b + "\n", EMP_LIST_SIGNALS,
        {entry(1, a), problem(2, EMP_LIST_MISSING_FIELD), problem(3, EMP_LIST_BAD_HASH_LENGTH),
         problem(4, EMP_LIST_MISSING_FIELD)});
}

void signal_csv() {
  const std::string header = "signal_type,signal_str,collab,category,tags\r\n";
  check("CSV", header + "pdq," + a + ",Mine,SEED,one two\r\npdq," + b + ",,,\r\n", EMP_LIST_SIGNAL_CSV,
        {entry(2, a, "collab=Mine; category=SEED; tags=one two"), entry(3, b)});
  check("columns in another order", "tags,SIGNAL_STR,other,signal_type\nt," + a + ",o,pdq\n", EMP_LIST_SIGNAL_CSV,
        {entry(2, a, "tags=t")});
  check("another type, missing fields", header + "url,x,,,\npdq\n,\npdq,," + "\npdq," + a + "\n", EMP_LIST_SIGNAL_CSV,
        {problem(2, EMP_LIST_OTHER_SIGNAL), problem(3, EMP_LIST_MISSING_FIELD), problem(4, EMP_LIST_MISSING_FIELD),
         problem(5, EMP_LIST_MISSING_FIELD), entry(6, a)});
  check("a record over three lines", header + "pdq," + a + ",\"x\r\n\r\ny \"\"z\"\"\",C\npdq," + b + "\n",
        EMP_LIST_SIGNAL_CSV, {entry(2, a, "collab=x\r\n\r\ny \"z\"; category=C"), entry(5, b)});
  check("a quote that never ends costs its own line", header + "pdq," + a + ",\"x\npdq," + b + ",y\n",
        EMP_LIST_SIGNAL_CSV, {problem(2, EMP_LIST_OPEN_QUOTE), entry(3, b, "collab=y")});
  std::string many = header + "pdq," + a + ",\"x\n";
  std::vector<Event> events = {problem(2, EMP_LIST_OPEN_QUOTE)};
  for (uint64_t i = 0; i < 2000; ++i) {
    many += "pdq," + b + "\n";
    events.push_back(entry(3 + i, b));
  }
  check("nor does it cost the lines after 65,536 bytes", many, EMP_LIST_SIGNAL_CSV, events);
  check("a long line inside a record",
        header + "pdq," + a + ",\"x\npdq," + b + "\n" + std::string(70000, 'y') + "\npdq," + a, EMP_LIST_SIGNAL_CSV,
        {problem(2, EMP_LIST_OPEN_QUOTE), entry(3, b), problem(4, EMP_LIST_LINE_TOO_LONG), entry(5, a)});
  // From every line's beginning a quote opens and none closes: reading again must not become quadratic.
  std::string hostile = header;
  for (int i = 0; i < 200000; ++i) hostile += "a\"b,\"c\n";
  const Transcript t = read_whole(hostile);
  expect(t.events.size() >= 100000, "a file of open quotes");
}

void trivial() {
  const std::string zero(64, '0'), one(64, 'f'), few = std::string(56, '0') + "0000ffff";
  std::string pattern;
  for (int i = 0; i < 8; ++i) pattern += "a5c3f00f";
  const std::string text = zero + "\n" + one + "\n" + few + "\n" + pattern + "\n" + a + "\n";
  check("trivial hashes are refused", text, EMP_LIST_PLAIN,
        {problem(1, EMP_LIST_TRIVIAL_ALL_ZERO), problem(2, EMP_LIST_TRIVIAL_ALL_ONE),
         problem(3, EMP_LIST_TRIVIAL_UNBALANCED), problem(4, EMP_LIST_TRIVIAL_PERIODIC), entry(5, a)});
  check("or taken when allowed", text, EMP_LIST_PLAIN,
        {entry(1, zero), entry(2, one), entry(3, few), entry(4, pattern), entry(5, a)}, true);
}

void hash_text() {
  uint8_t hash[EMP_HASH_BYTES], again[EMP_HASH_BYTES];
  const auto parse = [&](const std::string& s) {
    const std::unique_ptr<char[]> exact(new char[s.size()]);
    std::copy(s.begin(), s.end(), exact.get());
    return emp_hash_parse(exact.get(), s.size(), hash);
  };
  expect(parse(a) == EMP_OK && hex(hash) == a, "hex");
  expect(hash[0] == 0x69 && hash[31] == 0xd9, "most significant byte first");
  expect(parse(" \t0X" + upper(a) + "\r\n") == EMP_OK && hex(hash) == a, "upper case, 0x, white space");
  const std::string base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  expect(parse(base64) == EMP_OK && hash[0] == 0 && hash[31] == 31, "base64");
  std::copy(hash, hash + EMP_HASH_BYTES, again);
  expect(parse(base64 + "=") == EMP_OK && std::equal(hash, hash + EMP_HASH_BYTES, again), "base64 with its padding");
  expect(parse(base64.substr(0, 42) + "9") == EMP_BAD_HASH_CHARACTER, "base64 with bits left over");
  expect(parse(base64 + "==") == EMP_BAD_HASH_LENGTH, "base64 with too much padding");
  expect(parse("") == EMP_BAD_HASH_LENGTH && parse("   ") == EMP_BAD_HASH_LENGTH, "nothing");
  expect(parse(a + "0") == EMP_BAD_HASH_LENGTH && parse("0x") == EMP_BAD_HASH_LENGTH, "too long, too short");
  expect(parse(std::string(64, 'g')) == EMP_BAD_HASH_CHARACTER, "not hex");
}

}  // namespace

int main() {
  plain();
  long_lines();
  signals();
  signal_csv();
  trivial();
  hash_text();
  std::printf("%d checks of lists and hash text, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
