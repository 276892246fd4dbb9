#include "fairlead/credentials.hpp"

namespace fairlead {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/** The part before the next `separator`, which is taken away from `rest` with it. */
std::string_view take_until(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view part = slice(rest, 0, at);
  rest = at == std::string_view::npos ? std::string_view() : slice(rest, at + 1, rest.size());
  return part;
}

bool is_host_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

bool is_number(std::string_view label) {
  for (const char c : label) {
    if (!is_digit(c)) return false;
  }
  return true;
}

bool is_ipv4_part(std::string_view label) {
  if (label.size() > 3 || !is_number(label)) return false;
  int value = 0;
  for (const char c : label) value = value * 10 + (c - '0');
  return value <= 255 && (label.size() == 1 || label[0] != '0');
}

struct Base64 {
  size_t characters = 0;
  bool padded = false;

  /** False: not a line of base64, or one behind the padding. */
  bool add(std::string_view line) {
    for (const char c : line) {
      const bool is_padding = c == '=';
      if (padded && !is_padding) return false;
      padded = padded || is_padding;
      if (!is_letter(c) && !is_digit(c) && c != '+' && c != '/' && !is_padding) return false;
    }
    characters += line.size();
    return !line.empty();
  }
};

}  // namespace

bool is_valid_ssid(std::string_view ssid) {
  return !ssid.empty() && ssid.size() <= kSsidMaxBytes && ssid.find('\0') == std::string_view::npos;
}

bool is_valid_wifi_password(std::string_view password) {
  if (password.empty()) return true;
  if (password.size() < kWifiPasswordMinBytes || password.size() > kWifiPasswordMaxBytes) return false;
  const bool is_key = password.size() == kWifiPasswordMaxBytes;
  for (const char c : password) {
    if (is_key ? !is_hex(c) : (c < ' ' || c > '~')) return false;
  }
  return true;
}

bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > kHostMaxBytes || host.back() == '.') return false;
  size_t labels = 0, address_parts = 0;
  bool last_is_number = false;
  for (std::string_view rest = host; !rest.empty(); ++labels) {
    const std::string_view label = take_until(rest, '.');
    if (!is_host_label(label)) return false;
    if (is_ipv4_part(label)) ++address_parts;
    last_is_number = is_number(label);
  }
  return !last_is_number || (labels == 4 && address_parts == 4);  // a name never ends in a number (RFC 1123)
}

bool is_valid_ca_pem(std::string_view pem) {
  if (pem.size() > kCaPemMaxBytes) return false;
  size_t roots = 0;
  bool inside = false;
  Base64 body;
  while (!pem.empty()) {
    std::string_view line = take_until(pem, '\n');
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!inside) {
      if (line.empty()) continue;
      if (line != "-----BEGIN CERTIFICATE-----" || ++roots > kCaRootsMax) return false;
      inside = true;
      body = {};
    } else if (line == "-----END CERTIFICATE-----") {
      if (body.characters == 0 || body.characters % 4 != 0) return false;
      inside = false;
    } else if (!body.add(line)) {
      return false;
    }
  }
  return roots > 0 && !inside;
}

}  // namespace fairlead
