#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "fairlead/ports.hpp"

namespace fairlead::posix {

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

struct TlsOptions {
  /** Off: TLS 1.2 alone, as the ESP32's mbedTLS 2.28 speaks. */
  bool allow_tls13 = false;
  /** As on the ESP32: the host is compared with DNS names alone, also when it is an address, and dates do not count. */
  bool like_esp32 = true;
};

/** Verifies the peer against these roots alone. False: `ca_pem` holds no certificate. */
bool set_up_tls(boost::asio::ssl::context& context, const char* ca_pem, const TlsOptions& options);

/** Names the host to the server (SNI) and compares it with the certificate. */
void expect_host(TlsStream& stream, const char* host, const TlsOptions& options);

/** Why a handshake failed: the certificate, or anything else. */
OpenFail tls_failure(TlsStream& stream);

}  // namespace fairlead::posix
