#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead {

/** Bytes that somebody else owns. */
struct ByteView {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/** Bytes to write into. */
struct MutableBytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

/** A part of a text, cut to what there is. std::string_view::substr throws instead, which costs code even where it cannot. */
inline std::string_view slice(std::string_view text, size_t from, size_t size) {
  if (from > text.size()) from = text.size();
  if (size > text.size() - from) size = text.size() - from;
  return {text.data() + from, size};
}

}  // namespace fairlead
