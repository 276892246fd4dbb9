#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/ports.hpp"
#include "fairlead/token_slots.hpp"

namespace fairlead {

constexpr size_t kSsidMaxBytes = 32;          ///< IEEE 802.11
constexpr size_t kWifiPasswordMinBytes = 8;   ///< WPA2 passphrase: 8 … 63 characters, or
constexpr size_t kWifiPasswordMaxBytes = 64;  ///< 64 hex digits of the key itself
constexpr size_t kHostMaxBytes = 253;         ///< RFC 1035
constexpr uint16_t kDefaultPort = 8443;
constexpr size_t kCaRootsMax = 2;             ///< The root in use and its successor.
constexpr size_t kCaPemMaxBytes = 4096;       ///< Two RSA-2048 or EC roots with their text lines.

bool is_valid_ssid(std::string_view ssid);
/** Empty for an open network. */
bool is_valid_wifi_password(std::string_view password);
/** A host name or an IPv4 address. */
bool is_valid_host(std::string_view host);
/**
 * One or two whole certificates, each with its BEGIN and END line and base64 between, and nothing else but empty lines.
 * Lines end with LF or CR LF.
 */
bool is_valid_ca_pem(std::string_view pem);

/**
 * What a person tells a device: network, gateway, its CA, token. Every value is checked before it is stored and again
 * when it is loaded; one that is not valid counts as absent. The texts stay where they are until they are set again.
 */
class Credentials {
 public:
  Credentials(KeyValueStore& store, TokenSlots& tokens) : store_(store), tokens_(tokens) {}
  /** Loads what is there, the token slots too. IoError: the store could not be read. */
  Status begin();
  /** Invalid: breaks a rule, nothing is changed. Network and password are one atomic value. */
  Status set_wifi(std::string_view ssid, std::string_view password);
  Status set_gateway(std::string_view host, uint16_t port = kDefaultPort);
  Status set_ca_pem(std::string_view pem);
  Status set_token(std::string_view token);
  /** Forgets all of it, the tokens first. After a power cut in between, call it again. */
  Status factory_reset();

  bool has_wifi() const { return ssid_[0] != 0; }
  /** Everything that a session needs; the network may come from elsewhere. */
  bool is_complete() const { return host_[0] != 0 && ca_pem_[0] != 0 && tokens_.has_token(); }
  const char* ssid() const { return ssid_; }
  const char* wifi_password() const { return password_; }
  const char* host() const { return host_; }
  uint16_t port() const { return port_; }
  const char* ca_pem() const { return ca_pem_; }

 private:
  Status load_wifi();
  Status load_gateway();
  Status load_ca_pem();
  void forget();
  KeyValueStore& store_;
  TokenSlots& tokens_;
  char ssid_[kSsidMaxBytes + 1] = {};
  char password_[kWifiPasswordMaxBytes + 1] = {};
  char host_[kHostMaxBytes + 1] = {};
  uint16_t port_ = kDefaultPort;
  char ca_pem_[kCaPemMaxBytes + 1] = {};
};

}  // namespace fairlead
