#include "fairlead/gateway_fields.hpp"

#include "fairlead/json_check.hpp"
#include "fairlead/json_text.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/names.hpp"
#include "fairlead/number_text.hpp"

namespace fairlead {
namespace {

Field* find_key(Field* fields, size_t count, std::string_view raw_key) {
  for (size_t i = 0; i < count; i++) {
    if (json_text_is(raw_key, fields[i].name)) return &fields[i];
  }
  return nullptr;
}

}  // namespace

Problem read_object(JsonReader& reader, Field* fields, size_t count, const char*& field) {
  field = "";
  const JsonToken first = reader.next();
  if (first != JsonToken::BeginObject) {
    // JSON that is no object must still be JSON to be `not_object` [M-6].
    JsonToken token = first;
    while (token != JsonToken::End && token != JsonToken::Error) token = reader.next();
    return token == JsonToken::Error && !reader.too_deep() ? Problem::NotJson : Problem::NotObject;
  }
  for (JsonToken token = reader.next(); token != JsonToken::EndObject; token = reader.next()) {
    if (token != JsonToken::Key) return Problem::NotJson;
    Field* const wanted = find_key(fields, count, reader.raw());
    Field ignored{""};
    Field& into = wanted != nullptr ? *wanted : ignored;
    if (!reader.skip_value(into.kind, into.raw)) {
      if (!reader.too_deep()) return Problem::NotJson;
      field = into.name;
      return Problem::TooDeep;
    }
    if (into.kind == JsonToken::Text) into.raw = slice(into.raw, 1, into.raw.size() - 2);  // without its quotes
  }
  return reader.next() == JsonToken::End ? Problem::None : Problem::NotJson;
}

const Field& Fields::find(const char* name) const {
  for (size_t i = 0; i < count_; i++) {
    if (fields_[i].name == std::string_view(name)) return fields_[i];
  }
  static constexpr Field kAbsent{""};
  return kAbsent;
}

/** The field when it is there and of that type, else null. */
const Field* Fields::required(const char* name, JsonToken kind) {
  const Field& field = find(name);
  if (field.kind == kind) return &field;
  refuse(field.kind == JsonToken::End ? Problem::Missing : Problem::WrongType, name);
  return nullptr;
}

uint64_t Fields::integer(const char* name, uint64_t min, uint64_t max) {
  const Field* const field = required(name, JsonToken::Number);
  if (field == nullptr) return min;
  uint64_t value = 0;
  if (!parse_unsigned(field->raw, value) || value < min || value > max) refuse(Problem::OutOfRange, name);  // [M-5]
  return value;
}

uint32_t Fields::seq() { return static_cast<uint32_t>(integer("seq", 1, limits::kSeqMax)); }

bool Fields::boolean(const char* name) {
  const Field& field = find(name);
  if (field.kind == JsonToken::True || field.kind == JsonToken::False) return field.kind == JsonToken::True;
  required(name, JsonToken::True);
  return false;
}

void Fields::name(const char* name, char* into) {
  const Field* const field = required(name, JsonToken::Text);
  if (field == nullptr) return;
  size_t size = 0;
  const bool fits = json_unescape(field->raw, into, limits::kNameMaxBytes + 1, size);
  if (!fits || !is_name({into, size})) refuse(Problem::BadName, name);
}

void Fields::boot(const char* name, char* into) {
  const Field* const field = required(name, JsonToken::Text);
  if (field == nullptr) return;
  size_t size = 0;
  const bool fits = json_unescape(field->raw, into, limits::kBootIdMaxBytes + 1, size);
  if (!fits || !is_boot_id({into, size})) refuse(Problem::BadName, name);
}

void Fields::text(const char* name, size_t max_bytes, char* into, size_t capacity) {
  const Field* const field = required(name, JsonToken::Text);
  if (field == nullptr) return;
  size_t bytes = 0;
  if (!json_text_bytes(field->raw, bytes)) return refuse(Problem::BadText, name);
  if (bytes > max_bytes) return refuse(Problem::TooLong, name);
  json_unescape_cut(field->raw, into, capacity, bytes);
}

std::string_view Fields::token(const char* name) {
  const Field* const field = required(name, JsonToken::Text);
  if (field == nullptr) return {};
  size_t bytes = 0;
  const bool whole = json_text_bytes(field->raw, bytes);
  if (whole && bytes > limits::kTokenMaxBytes) refuse(Problem::TooLong, name);
  else if (!is_token(field->raw)) refuse(Problem::BadText, name);
  return field->raw;
}

void Fields::one_of(const char* name, const char* const* words, size_t count, char* into, size_t capacity) {
  const Field* const field = required(name, JsonToken::Text);
  if (field == nullptr) return;
  size_t size = 0;
  const bool fits = json_unescape(field->raw, into, capacity, size);
  for (size_t i = 0; fits && i < count; i++) {
    if (std::string_view(into, size) == words[i]) return;
  }
  refuse(Problem::OutOfRange, name);
}

std::string_view Fields::object(const char* name) {
  const Field* const field = required(name, JsonToken::BeginObject);
  if (field == nullptr) return {};
  const Problem problem = free_form_problem(field->raw);
  if (problem != Problem::None) refuse(problem, name);
  return field->raw;
}

}  // namespace fairlead
