#include "fairlead/json_reader.hpp"

#include "fairlead/bytes.hpp"
#include "fairlead/json_text.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/number_text.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {
namespace {

static_assert(limits::kFrameDepthMax < 32, "object_bits_ has a bit for each depth");

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

JsonReader JsonReader::members(std::string_view inside) {
  JsonReader reader(inside);
  reader.expect_ = Expect::FirstMember;
  reader.members_ = true;
  return reader;
}

JsonToken JsonReader::next() {
  if (failed_) return JsonToken::Error;
  raw_ = {};
  skip_space();
  switch (expect_) {
    case Expect::Value: return value();
    case Expect::FirstElement: return peek() == ']' ? end(false) : value();
    case Expect::FirstKey: return peek() == '}' ? end(true) : key();
    case Expect::FirstMember: return at_ == json_.size() ? JsonToken::End : key();
    case Expect::More: break;
  }
  return after_value();
}

JsonToken JsonReader::fail() {
  failed_ = true;
  return JsonToken::Error;
}

void JsonReader::skip_space() {
  while (at_ < json_.size()) {
    const char c = json_[at_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    at_++;
  }
}

JsonToken JsonReader::after_value() {
  if (depth_ == 0 && at_ == json_.size()) return JsonToken::End;
  if (depth_ == 0 && !members_) return fail();
  const bool object = depth_ == 0 || in_object();
  if (depth_ > 0 && peek() == (object ? '}' : ']')) return end(object);
  if (peek() != ',') return fail();
  at_++;
  skip_space();
  return object ? key() : value();
}

JsonToken JsonReader::key() {
  if (peek() != '"' || !text_body()) return fail();
  skip_space();
  if (peek() != ':') return fail();
  at_++;
  expect_ = Expect::Value;
  return JsonToken::Key;
}

JsonToken JsonReader::value() {
  expect_ = Expect::More;
  switch (peek()) {
    case '{': return begin(true);
    case '[': return begin(false);
    case '"': return text_body() ? JsonToken::Text : fail();
    case 't': return word("true", JsonToken::True);
    case 'f': return word("false", JsonToken::False);
    case 'n': return word("null", JsonToken::Null);
    default: return number_token();
  }
}

JsonToken JsonReader::begin(bool object) {
  if (depth_ == limits::kFrameDepthMax) {
    too_deep_ = true;
    return fail();
  }
  at_++;
  depth_++;
  const uint32_t bit = uint32_t{1} << depth_;
  object_bits_ = object ? object_bits_ | bit : object_bits_ & ~bit;
  expect_ = object ? Expect::FirstKey : Expect::FirstElement;
  return object ? JsonToken::BeginObject : JsonToken::BeginArray;
}

JsonToken JsonReader::end(bool object) {
  at_++;
  depth_--;
  expect_ = Expect::More;
  return object ? JsonToken::EndObject : JsonToken::EndArray;
}

JsonToken JsonReader::word(std::string_view text, JsonToken token) {
  if (slice(json_, at_, text.size()) != text) return fail();
  at_ += text.size();
  return token;
}

/** From the opening quote to behind the closing one. */
bool JsonReader::text_body() {
  const size_t start = ++at_;
  while (at_ < json_.size()) {
    const char c = json_[at_];
    if (c == '"') {
      raw_ = slice(json_, start, at_ - start);
      at_++;
      return true;
    }
    if (c == '\\') {
      if (!escape()) return false;
      continue;
    }
    if (static_cast<uint8_t>(c) < 0x20) return false;
    const size_t bytes = utf8_character(json_, at_);
    if (bytes == 0) return false;
    at_ += bytes;
  }
  return false;
}

bool JsonReader::escape() {
  at_++;
  const char c = peek();
  at_++;
  if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
  for (int i = 0; i < 4; i++) {
    if (!is_hex(peek())) return false;
    at_++;
  }
  return true;
}

bool JsonReader::digits() {
  const size_t start = at_;
  while (is_digit(peek())) at_++;
  return at_ > start;
}

JsonToken JsonReader::number_token() {
  const size_t start = at_;
  if (peek() == '-') at_++;
  if (peek() == '0') at_++;
  else if (!digits()) return fail();
  if (peek() == '.') {
    at_++;
    if (!digits()) return fail();
  }
  if (peek() == 'e' || peek() == 'E') {
    at_++;
    if (peek() == '+' || peek() == '-') at_++;
    if (!digits()) return fail();
  }
  raw_ = slice(json_, start, at_ - start);
  return JsonToken::Number;
}

bool JsonReader::skip_value(std::string_view& raw_value) {
  JsonToken kind = JsonToken::Error;
  return skip_value(kind, raw_value);
}

bool JsonReader::skip_value(JsonToken& kind, std::string_view& raw_value) {
  skip_space();
  const size_t start = at_;
  const int outside = depth_;
  kind = expect_ == Expect::Value ? next() : fail();
  for (JsonToken token = kind; depth_ > outside && token != JsonToken::Error;) token = next();
  if (failed_) return false;
  raw_value = slice(json_, start, at_ - start);
  return true;
}

bool JsonReader::copy_text(char* into, size_t capacity, size_t& size) const {
  return json_unescape(raw_, into, capacity, size);
}

bool JsonReader::unsigned_integer(uint64_t& value) const { return parse_unsigned(raw_, value); }
bool JsonReader::integer(int64_t& value) const { return parse_signed(raw_, value); }
bool JsonReader::number(double& value) const { return parse_number(raw_, value); }

}  // namespace fairlead
