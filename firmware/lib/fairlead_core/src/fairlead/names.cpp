#include "fairlead/names.hpp"

#include "fairlead/limits.hpp"

namespace fairlead {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <typename Allowed>
bool all(std::string_view text, size_t max_bytes, Allowed allowed) {
  if (text.empty() || text.size() > max_bytes) return false;
  for (const char c : text) {
    if (!allowed(c)) return false;
  }
  return true;
}

}  // namespace

bool is_name(std::string_view text) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  return all(text, limits::kNameMaxBytes, allowed) && is_alphanumeric(text[0]);
}

bool is_boot_id(std::string_view text) {
  return all(text, limits::kBootIdMaxBytes, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
}

bool is_sha256(std::string_view text) {
  const auto allowed = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  return text.size() == limits::kSha256Chars && all(text, limits::kSha256Chars, allowed);
}

bool is_token(std::string_view text) {
  const auto allowed = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
  return all(text, limits::kTokenMaxBytes, allowed);
}

}  // namespace fairlead
