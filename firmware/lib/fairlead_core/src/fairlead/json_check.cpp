#include "fairlead/json_check.hpp"

#include "fairlead/json_reader.hpp"
#include "fairlead/json_text.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/names.hpp"
#include "fairlead/number_text.hpp"

namespace fairlead {
namespace {

Problem scalar_problem(JsonToken token, std::string_view raw) {
  double number = 0;
  size_t bytes = 0;
  if (token == JsonToken::Number && !parse_number(raw, number)) return Problem::OutOfRange;  // [M-5]
  if ((token == JsonToken::Text || token == JsonToken::Key) && !json_text_bytes(raw, bytes)) return Problem::BadText;
  return Problem::None;
}

/** [T-3] */
Problem value_problem(JsonReader& reader) {
  switch (reader.next()) {
    case JsonToken::Number: return scalar_problem(JsonToken::Number, reader.raw());
    case JsonToken::True:
    case JsonToken::False: return Problem::None;
    case JsonToken::Text: break;
    case JsonToken::Error: return Problem::NotJson;
    default: return Problem::WrongType;
  }
  size_t bytes = 0;
  if (!json_text_bytes(reader.raw(), bytes)) return Problem::BadText;
  return bytes > limits::kValueTextMaxBytes ? Problem::TooLong : Problem::None;
}

}  // namespace

Problem free_form_problem(std::string_view json) {
  JsonReader reader(json);
  while (true) {
    const JsonToken token = reader.next();
    if (token == JsonToken::End) return Problem::None;
    if (token == JsonToken::Error) return reader.too_deep() ? Problem::TooDeep : Problem::NotJson;
    if (reader.depth() > limits::kJsonDepthMax) return Problem::TooDeep;  // [L-17]
    const Problem problem = scalar_problem(token, reader.raw());
    if (problem != Problem::None) return problem;
  }
}

Problem object_problem(std::string_view json) {
  const Problem problem = free_form_problem(json);
  if (problem != Problem::None) return problem;
  return JsonReader(json).next() == JsonToken::BeginObject ? Problem::None : Problem::WrongType;
}

Problem values_problem(std::string_view values_json) {
  JsonReader reader = JsonReader::members(values_json);
  for (size_t count = 0;; count++) {
    const JsonToken token = reader.next();
    if (token == JsonToken::End) return count > 0 ? Problem::None : Problem::OutOfRange;  // [T-1]
    if (token != JsonToken::Key) return Problem::NotJson;
    if (!is_name(reader.raw())) return Problem::BadName;
    const Problem problem = value_problem(reader);
    if (problem != Problem::None) return problem;
  }
}

}  // namespace fairlead
