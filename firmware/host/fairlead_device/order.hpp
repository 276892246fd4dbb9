#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fairlead::posix {

/** One JSON object of a line or of `params`: each member as a text without quotes, or as raw JSON. */
class Order {
 public:
  /** False: not a JSON object. */
  bool read(std::string_view line);
  /** A text, or `other` where there is none. */
  std::string text(const char* key, const std::string& other = "") const;
  /** The raw JSON of a member; empty where there is none. */
  std::string json(const char* key) const;
  double number(const char* key, double other) const;
  bool boolean(const char* key, bool other) const;
  const std::map<std::string, std::string>& members() const { return members_; }

 private:
  std::map<std::string, std::string> members_;
};

/** `{…}` without its braces, as the outbox takes values. */
std::string_view inside_of(std::string_view object);

/** False: not pairs of hexadecimal digits. */
bool bytes_of_hex(std::string_view hex, std::string& bytes);

}  // namespace fairlead::posix
