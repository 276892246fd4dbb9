// A store of any content is loaded: what is taken must be valid by the rules of the setters, and must be storable and
// loadable again; the rest must count as absent. The same bytes go to the setters as a person's input.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fairlead/boot_guard.hpp"
#include "fairlead/command_memory.hpp"
#include "fairlead/credentials.hpp"
#include "fairlead/names.hpp"
#include "fakes/fake_system.hpp"
#include "fakes/memory_store.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_loaded(const Credentials& credentials, const TokenSlots& tokens) {
  if (credentials.has_wifi()) {
    require(is_valid_ssid(credentials.ssid()) && is_valid_wifi_password(credentials.wifi_password()));
  }
  if (credentials.host()[0] != 0) require(is_valid_host(credentials.host()) && credentials.port() != 0);
  if (credentials.ca_pem()[0] != 0) require(is_valid_ca_pem(credentials.ca_pem()));
  if (tokens.has_token()) require(std::strlen(tokens.current()) > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* keys[] = {"wifi", "gateway", "ca_pem", "token_a", "token_b", "token_choice", "cmd00", "cmd07", "boot_guard"};
  MemoryStore store;
  const std::string_view all = text_of({data, size});
  std::string_view rest = all;
  for (const char* key : keys) {  // parts end with 0xFE
    const size_t end = rest.find('\xFE');
    const std::string_view part = rest.substr(0, end);
    if (!part.empty()) store.values[key].assign(part.begin(), part.end());
    if (end == std::string_view::npos) break;
    rest = rest.substr(end + 1);
  }
  TokenSlots tokens(store);
  Credentials credentials(store, tokens);
  require(credentials.begin() == Status::Ok);
  check_loaded(credentials, tokens);

  CommandMemory memory(store);
  require(memory.begin() == Status::Ok);
  uint8_t result[limits::kResultMaxBytes];
  size_t result_size = 0;
  (void)memory.read_result(all.substr(0, 64), {result, sizeof result}, result_size);
  if (memory.store_started("id") == Status::Ok) require(memory.find("id") == CommandState::Running);
  FakeSystem system;
  system.reason = ResetReason::Panic;
  (void)BootGuard(store, system).begin(0);

  const std::string_view first = all.substr(0, size / 2), second = all.substr(size / 2);
  const bool set = credentials.set_wifi(first, second) == Status::Ok;
  require(set == (is_valid_ssid(first) && is_valid_wifi_password(second)));
  require((credentials.set_gateway(all, 1) == Status::Ok) == is_valid_host(all));
  require((credentials.set_ca_pem(all) == Status::Ok) == is_valid_ca_pem(all));
  require((credentials.set_token(all) == Status::Ok) == is_token(all));
  const std::string ssid = credentials.ssid(), token = tokens.current();
  require(credentials.begin() == Status::Ok);
  check_loaded(credentials, tokens);
  require(ssid == credentials.ssid() && token == tokens.current());
  return 0;
}
