#include <doctest/doctest.h>

#include <string>

#include "fairlead/credentials.hpp"
#include "fakes/memory_store.hpp"

using namespace fairlead;
using fakes::MemoryStore;

namespace {

const std::string kRoot =
    "-----BEGIN CERTIFICATE-----\nMIIBtjCCAVugAwIBAgITBmyf1XSXNmY/Owua2eiedgPySjAKBggqhkjOPQQDAjA5\nMQswCQYDVQQGEwJVUw==\n"
    "-----END CERTIFICATE-----\n";

struct Device {
  Device() : tokens(store), credentials(store, tokens) { CHECK(credentials.begin() == Status::Ok); }
  MemoryStore store;
  TokenSlots tokens;
  Credentials credentials;
};

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

}  // namespace

TEST_CASE("what a person sets is there after a restart") {
  Device device;
  CHECK_FALSE(device.credentials.is_complete());
  CHECK_FALSE(device.credentials.has_wifi());
  CHECK(device.credentials.port() == 8443);
  REQUIRE(device.credentials.set_wifi("my net", "secret-1") == Status::Ok);
  REQUIRE(device.credentials.set_gateway("gateway.local", 9443) == Status::Ok);
  REQUIRE(device.credentials.set_ca_pem(kRoot + kRoot) == Status::Ok);
  CHECK_FALSE(device.credentials.is_complete());
  REQUIRE(device.credentials.set_token("a.b.c") == Status::Ok);
  TokenSlots tokens(device.store);
  Credentials again(device.store, tokens);
  REQUIRE(again.begin() == Status::Ok);
  for (const Credentials* one : {static_cast<const Credentials*>(&device.credentials), static_cast<const Credentials*>(&again)}) {
    CHECK(one->is_complete());
    CHECK(std::string(one->ssid()) == "my net");
    CHECK(std::string(one->wifi_password()) == "secret-1");
    CHECK(std::string(one->host()) == "gateway.local");
    CHECK(one->port() == 9443);
    CHECK(one->ca_pem() == kRoot + kRoot);
  }
  CHECK(std::string(tokens.current()) == "a.b.c");
}

TEST_CASE("an open network has no password, and forgets the one before") {
  Device device;
  REQUIRE(device.credentials.set_wifi("closed", "secret-1") == Status::Ok);
  REQUIRE(device.credentials.set_wifi("open", "") == Status::Ok);
  CHECK(std::string(device.credentials.wifi_password()) == "");
  REQUIRE(device.credentials.begin() == Status::Ok);
  CHECK(std::string(device.credentials.ssid()) == "open");
  CHECK(std::string(device.credentials.wifi_password()) == "");
}

TEST_CASE("network names and passwords are checked") {
  CHECK(is_valid_ssid("a"));
  CHECK(is_valid_ssid(std::string(32, 'a')));
  CHECK_FALSE(is_valid_ssid(""));
  CHECK_FALSE(is_valid_ssid(std::string(33, 'a')));
  CHECK_FALSE(is_valid_ssid(std::string("a\0b", 3)));
  CHECK(is_valid_wifi_password(""));
  CHECK(is_valid_wifi_password("12345678"));
  CHECK(is_valid_wifi_password(std::string(63, '~')));
  CHECK(is_valid_wifi_password(std::string(64, 'f')));
  CHECK_FALSE(is_valid_wifi_password(std::string(64, 'g')));
  CHECK_FALSE(is_valid_wifi_password("1234567"));
  CHECK_FALSE(is_valid_wifi_password(std::string(65, 'f')));
  CHECK_FALSE(is_valid_wifi_password("tab\tinside"));
}

TEST_CASE("hosts are names or IPv4 addresses") {
  for (const char* good : {"gateway", "gateway.local", "192.168.1.2", "a-b.c_d.e1", "1a.example", "255.255.255.255", "0.0.0.1"}) CHECK(is_valid_host(good));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a/b", "a:1", "http://a", "1.2.3", "1.2.3.4.5",
                          "256.1.1.1", "1.2.3.04", "name.5", "::1", "g\xc3\xa4te"}) CHECK_FALSE(is_valid_host(bad));
  CHECK(is_valid_host(std::string(63, 'a')));
  CHECK_FALSE(is_valid_host(std::string(64, 'a')));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  CHECK(is_valid_host(longest + "b"));
  CHECK_FALSE(is_valid_host(longest + "bb"));
}

TEST_CASE("a CA is one or two whole certificates in PEM") {
  CHECK(is_valid_ca_pem(kRoot));
  CHECK(is_valid_ca_pem("\n\n" + kRoot + "\n" + kRoot + "\n"));
  CHECK(is_valid_ca_pem(with_crlf(kRoot)));
  CHECK(is_valid_ca_pem(kRoot.substr(0, kRoot.size() - 1)));
  CHECK_FALSE(is_valid_ca_pem(""));
  CHECK_FALSE(is_valid_ca_pem(kRoot + kRoot + kRoot));
  CHECK_FALSE(is_valid_ca_pem("x\n" + kRoot));
  CHECK_FALSE(is_valid_ca_pem(kRoot.substr(0, kRoot.size() - 10)));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN CERTIFICATE-----\na=cd\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN CERTIFICATE-----\nab d\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----\n"));
  CHECK_FALSE(is_valid_ca_pem("-----BEGIN CERTIFICATE-----\n" + std::string(kCaPemMaxBytes, 'a') + "\n-----END CERTIFICATE-----\n"));
}

TEST_CASE("what is not valid changes nothing, and is not loaded") {
  Device device;
  REQUIRE(device.credentials.set_gateway("good", 1) == Status::Ok);
  CHECK(device.credentials.set_gateway("bad host", 1) == Status::Invalid);
  CHECK(device.credentials.set_gateway("good", 0) == Status::Invalid);
  CHECK(device.credentials.set_wifi("", "") == Status::Invalid);
  CHECK(device.credentials.set_ca_pem("no") == Status::Invalid);
  CHECK(device.credentials.set_token("no token") == Status::Invalid);
  CHECK(std::string(device.credentials.host()) == "good");
  CHECK(device.store.writes == 1);
  device.store.values["gateway"] = {0, 0, 'x'};
  device.store.values["wifi"] = {200, 'x'};
  device.store.values["ca_pem"] = std::vector<uint8_t>(kCaPemMaxBytes + 1, 'x');
  REQUIRE(device.credentials.begin() == Status::Ok);
  CHECK(std::string(device.credentials.host()) == "");
  CHECK_FALSE(device.credentials.has_wifi());
  CHECK(std::string(device.credentials.ca_pem()) == "");
}

TEST_CASE("a write that fails leaves the value before") {
  Device device;
  REQUIRE(device.credentials.set_wifi("net", "") == Status::Ok);
  device.store.failing_writes = 1;
  CHECK(device.credentials.set_wifi("other", "") == Status::IoError);
  CHECK(std::string(device.credentials.ssid()) == "net");
}

TEST_CASE("a factory reset forgets all of it, also when the power goes in between and it is called again") {
  for (uint32_t cut = 1; cut <= 6; ++cut) {
    Device device;
    REQUIRE(device.credentials.set_wifi("net", "") == Status::Ok);
    REQUIRE(device.credentials.set_gateway("host") == Status::Ok);
    REQUIRE(device.credentials.set_ca_pem(kRoot) == Status::Ok);
    REQUIRE(device.credentials.set_token("token") == Status::Ok);
    device.store.values["other_owner"] = {1};
    device.store.cut_power_at(cut, true);
    const bool cut_hit = device.credentials.factory_reset() != Status::Ok;
    CHECK(cut_hit == (cut <= 5));
    device.store.power_on();
    REQUIRE(device.credentials.factory_reset() == Status::Ok);
    CHECK(device.store.values.size() == 1);
    CHECK_FALSE(device.credentials.is_complete());
    CHECK_FALSE(device.credentials.has_wifi());
    CHECK_FALSE(device.tokens.has_token());
  }
}
