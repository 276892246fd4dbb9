#include "fairlead/json_text.hpp"

#include <cstdint>
#include <cstring>

#include "fairlead/bytes.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {
namespace {

bool is_high_surrogate(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low_surrogate(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

uint32_t hex_value(char c) {
  if (c <= '9') return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>((c | 0x20) - 'a' + 10);
}

char escaped(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

/** Goes through a text character by character. */
struct Characters {
  std::string_view raw;
  size_t at = 0;
  /** The character as UTF-8, and its length. */
  char bytes[4] = {};
  size_t size = 0;

  /** False at the end, and for half a surrogate pair: then `at` is not the end. */
  bool next() {
    if (at >= raw.size()) return false;
    if (raw[at] != '\\') {
      size = utf8_character(raw, at);
      if (size == 0) return false;
      std::memcpy(bytes, raw.data() + at, size);
      at += size;
      return true;
    }
    if (raw[at + 1] == 'u') return unicode();
    bytes[0] = escaped(raw[at + 1]);
    size = 1;
    at += 2;
    return true;
  }
  bool whole() const { return at >= raw.size(); }

 private:
  bool unicode() {
    uint32_t code_point = unit(at);
    if (is_low_surrogate(code_point)) return false;
    size_t used = 6;
    if (is_high_surrogate(code_point)) {
      const size_t second = at + 6;
      if (slice(raw, second, 2) != "\\u" || !is_low_surrogate(unit(second))) return false;
      code_point = 0x10000 + ((code_point - 0xd800) << 10) + (unit(second) - 0xdc00);
      used = 12;
    }
    size = utf8_encode(code_point, bytes);
    at += used;
    return true;
  }
  uint32_t unit(size_t escape_at) const {
    uint32_t value = 0;
    for (size_t i = 2; i < 6; i++) value = value << 4 | hex_value(raw[escape_at + i]);
    return value;
  }
};

/** Copies what fits; `fits` says whether that was all. False for half a surrogate pair. */
bool copy(std::string_view raw, char* into, size_t capacity, size_t& size, bool& fits) {
  Characters characters{raw};
  size = 0;
  fits = capacity > 0;
  while (characters.next()) {
    fits = fits && size + characters.size < capacity;
    if (!fits) continue;  // a pair may still be broken further on
    std::memcpy(into + size, characters.bytes, characters.size);
    size += characters.size;
  }
  if (capacity > 0) into[size] = '\0';
  return characters.whole();
}

}  // namespace

bool json_unescape(std::string_view raw, char* into, size_t capacity, size_t& size) {
  bool fits = false;
  return copy(raw, into, capacity, size, fits) && fits;
}

bool json_unescape_cut(std::string_view raw, char* into, size_t capacity, size_t& size) {
  bool fits = false;
  return copy(raw, into, capacity, size, fits);
}

bool json_text_bytes(std::string_view raw, size_t& bytes) {
  Characters characters{raw};
  for (bytes = 0; characters.next();) bytes += characters.size;
  return characters.whole();
}

bool json_text_is(std::string_view raw, std::string_view text) {
  if (raw == text) return text.find('\\') == std::string_view::npos;
  Characters characters{raw};
  while (characters.next()) {
    if (slice(text, 0, characters.size) != std::string_view(characters.bytes, characters.size)) return false;
    text.remove_prefix(characters.size);
  }
  return characters.whole() && text.empty();
}

}  // namespace fairlead
