#include "value.hpp"

#include <cmath>

#include "fairlead/json_reader.hpp"
#include "fairlead/limits.hpp"

namespace fairlead {
namespace {

/** What a float holds and a person reads; more digits are noise of the conversion. */
constexpr int kDecimals = 6;
constexpr double kWholeMax = 4294967295.0;
constexpr double kWholeMin = -2147483648.0;

}  // namespace

void write_member(JsonWriter& json, std::string_view name, const Value& value) {
  json.key(name);
  switch (value.kind) {
    case Value::Kind::Truth: json.boolean(value.number != 0); break;
    case Value::Kind::Whole: json.integer(static_cast<int64_t>(value.number)); break;
    case Value::Kind::Number: json.number(value.number, kDecimals); break;
  }
}

bool read_value(std::string_view raw_json, Value::Kind kind, Value& value) {
  JsonReader reader(raw_json);
  const JsonToken token = reader.next();
  Value read;
  read.kind = kind;
  if (kind == Value::Kind::Truth) {
    if (token != JsonToken::True && token != JsonToken::False) return false;
    read.number = token == JsonToken::True ? 1 : 0;
  } else {
    if (token != JsonToken::Number || !reader.number(read.number) || !std::isfinite(read.number)) return false;
    if (kind == Value::Kind::Whole) {
      if (read.number < kWholeMin || read.number > kWholeMax || read.number != std::floor(read.number)) return false;
    }
  }
  value = read;
  return true;
}

bool find_member(std::string_view object_json, std::string_view name, std::string_view& raw_json) {
  JsonReader reader(object_json);
  if (reader.next() != JsonToken::BeginObject) return false;
  bool found = false;
  while (reader.next() == JsonToken::Key) {
    char key[limits::kNameMaxBytes + 1];
    size_t size = 0;
    // A key that does not fit is longer than every name.
    const bool same = reader.copy_text(key, sizeof key, size) && std::string_view(key, size) == name;
    std::string_view raw;
    if (!reader.skip_value(raw)) return false;
    if (same) {
      raw_json = raw;
      found = true;
    }
  }
  return found;
}

}  // namespace fairlead
