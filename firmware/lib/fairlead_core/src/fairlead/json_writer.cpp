#include "fairlead/json_writer.hpp"

#include <cstring>

#include "fairlead/number_text.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {
namespace {

/** U+FFFD, the replacement character. */
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr char kHexDigits[] = "0123456789abcdef";

/** The letter of a short escape, or 0. */
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\': return c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

/** False for NaN and both infinities: nothing minus itself is 0 but a finite number. */
bool is_finite(double value) { return value - value == 0; }

}  // namespace

void JsonWriter::put(char byte) { put(std::string_view(&byte, 1)); }

void JsonWriter::put(std::string_view text) {
  if (!ok_ || text.size() > into_.size - size_) {
    ok_ = false;
    return;
  }
  if (!text.empty()) std::memcpy(into_.data + size_, text.data(), text.size());
  size_ += text.size();
}

void JsonWriter::before_value() {
  if (comma_) put(',');
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  before_value();
  put(bracket);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  put(bracket);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return open('{'); }
JsonWriter& JsonWriter::end_object() { return close('}'); }
JsonWriter& JsonWriter::begin_array() { return open('['); }
JsonWriter& JsonWriter::end_array() { return close(']'); }

JsonWriter& JsonWriter::key(std::string_view name) {
  text(name);
  put(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) { return text_cut(value, SIZE_MAX); }

JsonWriter& JsonWriter::text_cut(std::string_view value, size_t max_bytes) {
  before_value();
  put('"');
  size_t left = max_bytes;
  for (size_t at = 0; at < value.size();) {
    const size_t bytes = utf8_character(value, at);
    const std::string_view character = bytes > 0 ? slice(value, at, bytes) : kReplacement;
    if (character.size() > left) break;
    left -= character.size();
    put_escaped(character);
    at += bytes > 0 ? bytes : 1;
  }
  put('"');
  return *this;
}

void JsonWriter::put_escaped(std::string_view character) {
  const char c = character[0];
  if (const char letter = short_escape(c); letter != 0) {
    const char escape[] = {'\\', letter};
    return put(std::string_view(escape, sizeof escape));
  }
  if (static_cast<uint8_t>(c) >= 0x20) return put(character);
  const char escape[] = {'\\', 'u', '0', '0', kHexDigits[c >> 4], kHexDigits[c & 0xf]};
  put(std::string_view(escape, sizeof escape));
}

JsonWriter& JsonWriter::bare(std::string_view json) {
  before_value();
  put(json);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return bare(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return bare("null"); }

JsonWriter& JsonWriter::unsigned_integer(uint64_t value) {
  char text[kNumberTextBytes];
  return bare({text, format_unsigned(value, text)});
}

JsonWriter& JsonWriter::integer(int64_t value) {
  char text[kNumberTextBytes];
  return bare({text, format_signed(value, text)});
}

JsonWriter& JsonWriter::number(double value, int decimals) {
  if (!is_finite(value)) return null();
  char text[kNumberTextBytes];
  return bare({text, format_number(value, decimals, text)});
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  if (json.empty()) ok_ = false;
  return bare(json);
}

JsonWriter& JsonWriter::raw_members(std::string_view json) { return json.empty() ? *this : bare(json); }

}  // namespace fairlead
