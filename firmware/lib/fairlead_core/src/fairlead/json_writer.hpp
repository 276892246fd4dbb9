#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"

namespace fairlead {

/**
 * Writes JSON into a fixed buffer: commas and escapes by itself. Once something did not fit, ok() stays false. A copy
 * of a writer is a place to go back to.
 */
class JsonWriter {
 public:
  explicit JsonWriter(MutableBytes into) : into_(into) {}
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  /** Bytes that are no UTF-8 become U+FFFD each: a frame with such bytes would end the session. */
  JsonWriter& text(std::string_view value);
  /** The same, cut before the character that would pass `max_bytes` of UTF-8 without escapes. */
  JsonWriter& text_cut(std::string_view value, size_t max_bytes);
  JsonWriter& boolean(bool value);
  JsonWriter& unsigned_integer(uint64_t value);
  JsonWriter& integer(int64_t value);
  /** Rounded as format_number says: at most `decimals` places. NaN and infinities are written as null. */
  JsonWriter& number(double value, int decimals = 6);
  JsonWriter& null();
  /** JSON that is valid already; nothing at all makes ok() false. */
  JsonWriter& raw(std::string_view json);
  /** Members of the open object that are valid JSON already: `"temp":21.5,"door":true`. May be empty. */
  JsonWriter& raw_members(std::string_view json);
  bool ok() const { return ok_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(into_.data), size_}; }

 private:
  void put(char byte);
  void put(std::string_view text);
  void put_escaped(std::string_view character);
  void before_value();
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& bare(std::string_view json);
  MutableBytes into_;
  size_t size_ = 0;
  bool ok_ = true;
  bool comma_ = false;
};

}  // namespace fairlead
