// Hash values as text: hex and base64.
#include <cstring>

#include "../../empreinte.h"

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

emp_status parse_hex(const char* text, uint8_t* out) {
  for (int i = 0; i < EMP_HASH_BYTES; ++i) {
    const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return EMP_BAD_HASH_CHARACTER;
    out[i] = static_cast<uint8_t>(16 * high + low);
  }
  return EMP_OK;
}

// 43 characters carry 258 bits. The last two must be 0, so that a hash has only one spelling.
emp_status parse_base64(const char* text, uint8_t* out) {
  uint32_t bits = 0;
  int have = 0, byte = 0;
  for (int i = 0; i < 43; ++i) {
    const int value = base64_value(text[i]);
    if (value < 0) return EMP_BAD_HASH_CHARACTER;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffffu;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out[byte++] = static_cast<uint8_t>(bits >> have);
  }
  return (bits & 3u) == 0 ? EMP_OK : EMP_BAD_HASH_CHARACTER;
}

}  // namespace

emp_status emp_hash_parse(const char* text, size_t length, uint8_t out[EMP_HASH_BYTES]) {
  while (length > 0 && is_space(text[0])) ++text, --length;
  while (length > 0 && is_space(text[length - 1])) --length;
  uint8_t hash[EMP_HASH_BYTES];
  emp_status status = EMP_BAD_HASH_LENGTH;
  if (length == 66 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    status = parse_hex(text + 2, hash);
  else if (length == 64)
    status = parse_hex(text, hash);
  else if (length == 43 || (length == 44 && text[43] == '='))
    status = parse_base64(text, hash);
  if (status == EMP_OK) std::memcpy(out, hash, sizeof(hash));
  return status;
}

void emp_hash_to_hex(const uint8_t hash[EMP_HASH_BYTES], char out[64]) {
  constexpr char digits[] = "0123456789abcdef";
  for (int i = 0; i < EMP_HASH_BYTES; ++i) {
    out[2 * i] = digits[hash[i] >> 4];
    out[2 * i + 1] = digits[hash[i] & 15];
  }
}
