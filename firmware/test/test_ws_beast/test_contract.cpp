#include "beast_rig.hpp"
#include "fakes/fake_transport.hpp"

namespace fairlead::test {

namespace {

/** The fake that the tests of the core run on: it must behave as the real ones do. */
struct FakeRig {
  using counts_misuse = void;
  Transport& transport() { return fake; }
  OpenParams params() { return {}; }
  void step() {}
  void peer_accepts() {
    fake.answer = [](fakes::FakeTransport& self) { self.accept(); };
  }
  void peer_refuses(int status) {
    fake.answer = [status](fakes::FakeTransport& self) { self.refuse(static_cast<uint16_t>(status)); };
  }
  void peer_sends(const std::string& text) { fake.text(text); }
  void peer_pings() { fake.alive(); }
  void peer_drops() { fake.end(); }
  std::vector<std::string> peer_received() { return fake.sent; }
  fakes::FakeTransport fake;
};

}  // namespace

TEST_CASE_TEMPLATE_INVOKE(transport_contract, BeastRig, FakeRig);

}  // namespace fairlead::test
