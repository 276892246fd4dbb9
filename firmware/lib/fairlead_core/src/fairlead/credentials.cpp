#include "fairlead/credentials.hpp"

#include <cstring>

#include "fairlead/little_endian.hpp"

namespace fairlead {
namespace {

// Wi-Fi: bytes of the name 0, name, password. Gateway: port 0, host.
constexpr char kWifiKey[] = "wifi", kGatewayKey[] = "gateway", kCaKey[] = "ca_pem";
constexpr size_t kWifiBytes = 1 + kSsidMaxBytes + kWifiPasswordMaxBytes, kGatewayBytes = 2 + kHostMaxBytes;

void copy(std::string_view from, char* into) {
  if (!from.empty()) std::memmove(into, from.data(), from.size());
  into[from.size()] = 0;
}

/** Absent and unusable are the same to who asks; only a store that cannot be read is an error. */
Status as_absent(Status status) { return status == Status::IoError ? status : Status::Ok; }

}  // namespace

Status Credentials::begin() {
  forget();
  const Status status[] = {load_wifi(), load_gateway(), load_ca_pem(), as_absent(tokens_.begin())};
  for (const Status one : status) {
    if (one != Status::Ok) return one;
  }
  return Status::Ok;
}

void Credentials::forget() {
  std::memset(ssid_, 0, sizeof ssid_);
  std::memset(password_, 0, sizeof password_);
  std::memset(host_, 0, sizeof host_);
  std::memset(ca_pem_, 0, sizeof ca_pem_);
  port_ = kDefaultPort;
}

Status Credentials::load_wifi() {
  uint8_t bytes[kWifiBytes];
  size_t size = 0;
  const Status status = store_.get(kWifiKey, {bytes, sizeof bytes}, size);
  if (status != Status::Ok) return as_absent(status);
  if (size < 1 || bytes[0] > size - 1) return Status::Ok;
  const std::string_view texts = text_of({bytes + 1, size - 1});
  const std::string_view ssid = slice(texts, 0, bytes[0]), password = slice(texts, bytes[0], texts.size());
  if (!is_valid_ssid(ssid) || !is_valid_wifi_password(password)) return Status::Ok;
  copy(ssid, ssid_);
  copy(password, password_);
  return Status::Ok;
}

Status Credentials::load_gateway() {
  uint8_t bytes[kGatewayBytes];
  size_t size = 0;
  const Status status = store_.get(kGatewayKey, {bytes, sizeof bytes}, size);
  if (status != Status::Ok || size < 2) return as_absent(status);
  const uint16_t port = get_little_endian<uint16_t>(bytes);
  const std::string_view host = text_of({bytes + 2, size - 2});
  if (port == 0 || !is_valid_host(host)) return Status::Ok;
  copy(host, host_);
  port_ = port;
  return Status::Ok;
}

Status Credentials::load_ca_pem() {
  size_t size = 0;
  const Status status = store_.get(kCaKey, {reinterpret_cast<uint8_t*>(ca_pem_), kCaPemMaxBytes}, size);
  const bool is_good = status == Status::Ok && is_valid_ca_pem({ca_pem_, size});
  ca_pem_[is_good ? size : 0] = 0;
  return as_absent(status);
}

Status Credentials::set_wifi(std::string_view ssid, std::string_view password) {
  if (!is_valid_ssid(ssid) || !is_valid_wifi_password(password)) return Status::Invalid;
  uint8_t bytes[kWifiBytes];
  bytes[0] = static_cast<uint8_t>(ssid.size());
  std::memcpy(bytes + 1, ssid.data(), ssid.size());
  if (!password.empty()) std::memcpy(bytes + 1 + ssid.size(), password.data(), password.size());
  const Status status = store_.put(kWifiKey, {bytes, 1 + ssid.size() + password.size()});
  if (status != Status::Ok) return status;
  copy(ssid, ssid_);
  copy(password, password_);
  return Status::Ok;
}

Status Credentials::set_gateway(std::string_view host, uint16_t port) {
  if (!is_valid_host(host) || port == 0) return Status::Invalid;
  uint8_t bytes[kGatewayBytes];
  put_little_endian<uint16_t>(bytes, port);
  std::memcpy(bytes + 2, host.data(), host.size());
  const Status status = store_.put(kGatewayKey, {bytes, 2 + host.size()});
  if (status != Status::Ok) return status;
  copy(host, host_);
  port_ = port;
  return Status::Ok;
}

Status Credentials::set_ca_pem(std::string_view pem) {
  if (!is_valid_ca_pem(pem)) return Status::Invalid;
  const Status status = store_.put(kCaKey, bytes_of(pem));
  if (status != Status::Ok) return status;
  copy(pem, ca_pem_);
  return Status::Ok;
}

Status Credentials::set_token(std::string_view token) { return tokens_.provision(token); }

Status Credentials::factory_reset() {
  Status result = tokens_.erase_all();
  for (const char* key : {kWifiKey, kGatewayKey, kCaKey}) {
    const Status status = store_.remove(key);
    if (status != Status::Ok && status != Status::NotFound) result = status;
  }
  if (result == Status::Ok) forget();
  return result;
}

}  // namespace fairlead
