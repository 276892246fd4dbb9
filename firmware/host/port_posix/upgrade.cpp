#include "upgrade.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <boost/beast/core/string.hpp>
#include <charconv>

namespace fairlead::posix {

namespace http = boost::beast::http;
using boost::beast::iequals;

namespace {

/** [H-2] An answer with a subprotocol that was not offered is treated as this refusal. */
constexpr uint16_t kUpgradeRequired = 426;
/** More is a mistake or a trap, and would overflow in milliseconds. */
constexpr uint32_t kRetryAfterMaxS = 3600;

std::string base64(const uint8_t* bytes, size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<size_t>(written));
  return text;
}

/** RFC 6455, section 4.2.2. */
std::string accept_of(const std::string& key) {
  const std::string input = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr);
  return base64(digest, size);
}

uint32_t retry_after_ms(const UpgradeResponse& response) {
  const auto text = response[http::field::retry_after];
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return 0;
  return std::min(seconds, kRetryAfterMaxS) * 1000;
}

}  // namespace

std::string make_websocket_key() {
  uint8_t bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) std::abort();
  return base64(bytes, sizeof bytes);
}

UpgradeRequest make_upgrade_request(const OpenParams& params, const std::string& key) {
  UpgradeRequest request(http::verb::get, params.path, 11);
  request.set(http::field::host, std::string(params.host) + ":" + std::to_string(params.port));
  request.set(http::field::connection, "Upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, key);
  request.set(http::field::sec_websocket_protocol, params.subprotocol);
  request.set(http::field::origin, "file://");
  request.set(http::field::user_agent, "arduino-WebSocket-Client");
  request.set(http::field::authorization, params.authorization);
  return request;
}

Closed judge_upgrade_response(const UpgradeResponse& response, const OpenParams& params, const std::string& key,
                              bool blind) {
  Closed closed;
  if (response.result_int() != 101) {
    closed.fail = OpenFail::Http;
    closed.http_status = static_cast<uint16_t>(response.result_int());
    closed.retry_after_ms = blind ? 0 : retry_after_ms(response);
    return closed;
  }
  const bool upgraded = iequals(response[http::field::connection], "upgrade") &&
                        iequals(response[http::field::upgrade], "websocket") &&
                        response[http::field::sec_websocket_accept] == accept_of(key);
  if (!upgraded) {
    closed.fail = OpenFail::Protocol;
    return closed;
  }
  const auto answered = response.find(http::field::sec_websocket_protocol);
  const bool absent = answered == response.end();
  if (absent ? !blind : answered->value() != params.subprotocol) {
    closed.fail = OpenFail::Http;
    closed.http_status = kUpgradeRequired;
  }
  return closed;
}

}  // namespace fairlead::posix
