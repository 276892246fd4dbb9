// What the library lets one see of a failure, without the library: the same on the host.
#include "ws_reason.hpp"

namespace fairlead {
namespace {

// mbedtls/ssl.h, x509.h, net_sockets.h
constexpr int32_t kSslAllocFailed = -0x7F00;
constexpr int32_t kX509AllocFailed = -0x2880;
constexpr int32_t kX509First = -0x2080;
constexpr int32_t kX509Last = -0x3000;
constexpr int32_t kNetUnknownHost = -0x0052;
constexpr int32_t kNetLast = -0x0056;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

OpenFail fail_of_native(int32_t native) {
  if (native == kSslAllocFailed || native == kX509AllocFailed) return OpenFail::NoMemory;
  if (native == kNetUnknownHost) return OpenFail::Dns;
  if (native >= kNetLast) return OpenFail::Tcp;  // -1: name not found, no answer, or the handshake took too long
  if (native <= kX509First && native >= kX509Last) return OpenFail::TlsCertificate;
  return OpenFail::Tls;
}

uint16_t http_status_in(const char* text, size_t length) {
  static constexpr char kMark[] = "HTTP ";
  constexpr size_t kMarkBytes = sizeof kMark - 1;
  for (size_t at = 0; at + kMarkBytes + 3 <= length; ++at) {
    size_t same = 0;
    while (same < kMarkBytes && text[at + same] == kMark[same]) ++same;
    const char* digits = text + at + kMarkBytes;
    if (same == kMarkBytes && is_digit(digits[0]) && is_digit(digits[1]) && is_digit(digits[2])) {
      return static_cast<uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
    }
  }
  return 0;
}

}  // namespace fairlead
