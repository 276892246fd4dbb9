#include "order.hpp"

#include <cstdlib>

#include "fairlead/json_reader.hpp"

namespace fairlead::posix {

namespace {

/** Longer than any text that an order holds: a token. */
constexpr size_t kTextMaxBytes = 4096;

}  // namespace

bool Order::read(std::string_view line) {
  members_.clear();
  JsonReader reader(line);
  if (reader.next() != JsonToken::BeginObject) return false;
  for (;;) {
    const JsonToken token = reader.next();
    if (token == JsonToken::EndObject) return reader.next() == JsonToken::End;
    char key[kTextMaxBytes];
    size_t size = 0;
    std::string_view value;
    if (token != JsonToken::Key || !reader.copy_text(key, sizeof key, size) || !reader.skip_value(value)) return false;
    members_[std::string(key, size)] = value;
  }
}

std::string Order::json(const char* key) const {
  const auto found = members_.find(key);
  return found == members_.end() ? "" : found->second;
}

std::string Order::text(const char* key, const std::string& other) const {
  const std::string raw = json(key);
  JsonReader reader(raw);
  char text[kTextMaxBytes];
  size_t size = 0;
  if (reader.next() != JsonToken::Text || !reader.copy_text(text, sizeof text, size)) return other;
  return {text, size};
}

double Order::number(const char* key, double other) const {
  const std::string raw = json(key);
  JsonReader reader(raw);
  double value = other;
  return reader.next() == JsonToken::Number && reader.number(value) ? value : other;
}

bool Order::boolean(const char* key, bool other) const {
  const std::string raw = json(key);
  return raw.empty() ? other : raw == "true";
}

std::string_view inside_of(std::string_view object) {
  if (object.size() < 2) return {};
  return object.substr(1, object.size() - 2);
}

bool bytes_of_hex(std::string_view hex, std::string& bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  if (hex.size() % 2 != 0) return false;
  for (size_t at = 0; at < hex.size(); at += 2) {
    const size_t high = kDigits.find(hex[at]), low = kDigits.find(hex[at + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes += static_cast<char>(high << 4 | low);
  }
  return true;
}

}  // namespace fairlead::posix
