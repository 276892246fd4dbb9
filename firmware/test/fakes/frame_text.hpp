#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>

/** Just enough JSON for tests: the fields of a frame that the core wrote, which puts no spaces between tokens. */
namespace fairlead::fakes {

inline size_t after_key(const std::string& frame, const std::string& key) {
  const std::string quoted = "\"" + key + "\":";
  const size_t at = frame.find(quoted);
  return at == std::string::npos ? at : at + quoted.size();
}
inline bool has_field(const std::string& frame, const std::string& key) {
  return after_key(frame, key) != std::string::npos;
}
inline std::string text_field(const std::string& frame, const std::string& key) {
  const size_t at = after_key(frame, key);
  if (at == std::string::npos || frame[at] != '"') return "";
  return frame.substr(at + 1, frame.find('"', at + 1) - at - 1);
}
inline uint64_t number_field(const std::string& frame, const std::string& key) {
  const size_t at = after_key(frame, key);
  return at == std::string::npos ? 0 : std::strtoull(frame.c_str() + at, nullptr, 10);
}
/** `channel` for a binary frame [B-1]. */
inline std::string type_of(const std::string& frame) {
  return !frame.empty() && frame[0] == 1 ? "channel" : text_field(frame, "type");
}
inline uint64_t seq_of(const std::string& frame) {
  if (type_of(frame) != "channel") return number_field(frame, "seq");
  uint64_t seq = 0;
  for (size_t i = 1; i < 5; i++) seq = seq << 8 | static_cast<uint8_t>(frame.at(i));
  return seq;
}

}  // namespace fairlead::fakes
