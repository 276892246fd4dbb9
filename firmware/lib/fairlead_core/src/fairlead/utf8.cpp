#include "fairlead/utf8.hpp"

#include "fairlead/bytes.hpp"

namespace fairlead {
namespace {

bool continues(std::string_view text, size_t at, size_t count) {
  if (text.size() - at <= count) return false;
  for (size_t i = 1; i <= count; i++) {
    if ((static_cast<uint8_t>(text[at + i]) & 0xc0) != 0x80) return false;
  }
  return true;
}

}  // namespace

size_t utf8_character(std::string_view text, size_t at) {
  const auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a continuation, or an overlong form of ASCII
  if (first < 0xe0) return continues(text, at, 1) ? 2 : 0;
  if (first > 0xf4) return 0;
  const size_t more = first < 0xf0 ? 2 : 3;
  if (!continues(text, at, more)) return 0;
  const auto second = static_cast<uint8_t>(text[at + 1]);
  if (first == 0xe0 && second < 0xa0) return 0;   // overlong
  if (first == 0xed && second >= 0xa0) return 0;  // a surrogate
  if (first == 0xf0 && second < 0x90) return 0;   // overlong
  if (first == 0xf4 && second >= 0x90) return 0;  // over U+10FFFF
  return more + 1;
}

size_t utf8_encode(uint32_t code_point, char* into) {
  const auto tail = [code_point](unsigned shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) {
    into[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    into[0] = static_cast<char>(0xc0 | (code_point >> 6));
    into[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000) {
    into[0] = static_cast<char>(0xe0 | (code_point >> 12));
    into[1] = tail(6);
    into[2] = tail(0);
    return 3;
  }
  into[0] = static_cast<char>(0xf0 | (code_point >> 18));
  into[1] = tail(12);
  into[2] = tail(6);
  into[3] = tail(0);
  return 4;
}

std::string_view utf8_cut(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) end--;
  return slice(text, 0, end);
}

}  // namespace fairlead
