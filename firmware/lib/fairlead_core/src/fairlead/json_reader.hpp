#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead {

enum class JsonToken : uint8_t { BeginObject, EndObject, BeginArray, EndArray, Key, Text, Number, True, False, Null, End, Error };

/**
 * A pull parser over one JSON text: no heap, no copies, depth bounded by kFrameDepthMax. Strict RFC 8259, UTF-8
 * checked. After Error every further call is Error.
 */
class JsonReader {
 public:
  explicit JsonReader(std::string_view json) : json_(json) {}
  /** Over the inside of an object, as the outbox keeps values: `"temp":21.5,"door":true`. Its End is the end of the text. */
  static JsonReader members(std::string_view inside);
  JsonToken next();
  /** The raw text of the last Key, Text (without quotes, escapes kept) or Number. */
  std::string_view raw() const { return raw_; }
  /** Copies the last Key or Text without escapes and NUL-terminates; false when it does not fit or is half a surrogate. */
  bool copy_text(char* into, size_t capacity, size_t& size) const;
  /** The last Number when it is whole and not negative by value [M-5]: `3.0` is 3. */
  bool unsigned_integer(uint64_t& value) const;
  bool integer(int64_t& value) const;
  /** The last Number; false when it is not finite as a double (`1e400`). */
  bool number(double& value) const;
  /** After a Key or at the start: passes over one whole value and gives its raw JSON; false on Error. */
  bool skip_value(std::string_view& raw_value);
  /** As above, and says what the value is: BeginObject, BeginArray, Text, Number, True, False or Null. */
  bool skip_value(JsonToken& kind, std::string_view& raw_value);
  int depth() const { return depth_; }
  bool too_deep() const { return too_deep_; }

 private:
  enum class Expect : uint8_t { Value, FirstElement, FirstKey, FirstMember, More };
  JsonToken fail();
  JsonToken value();
  JsonToken key();
  JsonToken after_value();
  JsonToken begin(bool object);
  JsonToken end(bool object);
  JsonToken number_token();
  JsonToken word(std::string_view text, JsonToken token);
  bool text_body();
  bool escape();
  bool digits();
  void skip_space();
  char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  bool in_object() const { return ((object_bits_ >> depth_) & 1) != 0; }

  std::string_view json_;
  std::string_view raw_;
  size_t at_ = 0;
  int depth_ = 0;
  uint32_t object_bits_ = 0;  ///< For each depth whether it is an object.
  Expect expect_ = Expect::Value;
  bool members_ = false;  ///< The outermost level has no braces.
  bool too_deep_ = false;
  bool failed_ = false;
};

}  // namespace fairlead
