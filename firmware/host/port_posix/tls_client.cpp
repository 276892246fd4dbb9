#include "tls_client.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <string>

namespace fairlead::posix {

namespace ssl = boost::asio::ssl;

namespace {

bool names_host(X509* certificate, const std::string& host, bool like_esp32) {
  // A DNS name that reads like an address counts: mbedTLS 2.28 knows no other kind.
  if (X509_check_host(certificate, host.data(), host.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1)
    return true;
  return !like_esp32 && X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
}

}  // namespace

bool set_up_tls(ssl::context& context, const char* ca_pem, const TlsOptions& options) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(native, options.allow_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (options.like_esp32) X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(native), X509_V_FLAG_NO_CHECK_TIME);
  boost::system::error_code error;
  context.add_certificate_authority(boost::asio::buffer(ca_pem, std::strlen(ca_pem)), error);
  return !error;
}

void expect_host(TlsStream& stream, const char* host, const TlsOptions& options) {
  SSL_set_tlsext_host_name(stream.native_handle(), host);
  stream.set_verify_mode(ssl::verify_peer);
  stream.set_verify_callback([name = std::string(host), like_esp32 = options.like_esp32](
                                 bool chain_ok, ssl::verify_context& context) {
    X509_STORE_CTX* store = context.native_handle();
    if (!chain_ok || X509_STORE_CTX_get_error_depth(store) > 0) return chain_ok;
    if (names_host(X509_STORE_CTX_get_current_cert(store), name, like_esp32)) return true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return false;
  });
}

OpenFail tls_failure(TlsStream& stream) {
  return SSL_get_verify_result(stream.native_handle()) == X509_V_OK ? OpenFail::Tls : OpenFail::TlsCertificate;
}

}  // namespace fairlead::posix
