#include "beast_rig.hpp"

using namespace fairlead;
using namespace fairlead::test;

namespace {

posix::WsOptions seeing() {
  posix::WsOptions options;
  options.like_links2004 = false;
  return options;
}

/** How opening `host` with this chain ends; None: it opened. */
OpenFail outcome(const CertificateChain& chain, const char* host, const posix::WsOptions& options = {},
                 bool only_tls13 = false) {
  BeastRig rig(options, chain, only_tls13);
  RecordingSink sink;
  rig.connect(sink, host);
  REQUIRE(sink.opened + sink.closed.size() == 1);
  return sink.opened == 1 ? OpenFail::None : sink.closed.at(0).fail;
}

CertificateChain with_names(const char* names) {
  CertificateWish wish;
  wish.names = names;
  return make_certificates(wish);
}

}  // namespace

TEST_CASE("[H-1] a certificate of a foreign CA is refused") {
  CertificateChain chain = usual_chain();
  chain.ca_pem = make_certificates().ca_pem;
  CHECK(outcome(chain, "localhost") == OpenFail::TlsCertificate);
}

TEST_CASE("two roots in one text: either will do") {
  CertificateChain chain = usual_chain();
  chain.ca_pem = make_certificates().ca_pem + chain.ca_pem;
  CHECK(outcome(chain, "localhost") == OpenFail::None);
}

TEST_CASE("without a CA nothing is opened") {
  CertificateChain chain = usual_chain();
  chain.ca_pem = "";
  CHECK(outcome(chain, "localhost") == OpenFail::TlsCertificate);
}

TEST_CASE("a certificate for another host is refused") {
  CHECK(outcome(with_names("DNS:elsewhere.example"), "localhost") == OpenFail::TlsCertificate);
}

TEST_CASE("an address is compared with DNS names; IP entries count only where it is not like an ESP32") {
  CHECK(outcome(with_names("DNS:127.0.0.1"), "127.0.0.1") == OpenFail::None);
  CHECK(outcome(with_names("IP:127.0.0.1"), "127.0.0.1") == OpenFail::TlsCertificate);
  CHECK(outcome(with_names("IP:127.0.0.1"), "127.0.0.1", seeing()) == OpenFail::None);
  CHECK(outcome(with_names("DNS:127.0.0.1"), "127.0.0.1", seeing()) == OpenFail::None);
}

TEST_CASE("an ended certificate passes as on an ESP32, which has no dates, and fails otherwise") {
  CertificateWish wish;
  wish.valid_for_s = -3600;
  const CertificateChain ended = make_certificates(wish);
  CHECK(outcome(ended, "localhost") == OpenFail::None);
  CHECK(outcome(ended, "localhost", seeing()) == OpenFail::TlsCertificate);
}

TEST_CASE("TLS 1.3 only where it is allowed") {
  posix::WsOptions modern;
  modern.allow_tls13 = true;
  CHECK(outcome(usual_chain(), "localhost", {}, true) == OpenFail::Tls);
  CHECK(outcome(usual_chain(), "localhost", modern, true) == OpenFail::None);
}

TEST_CASE("the server hears the host's name, also when it is an address") {
  BeastRig rig;
  RecordingSink sink;
  rig.connect(sink, "127.0.0.1");
  REQUIRE(sink.opened == 1);
  CHECK(rig.peer().server_name() == "127.0.0.1");
}

TEST_CASE("nobody listens: Tcp; no such host: Dns") {
  RecordingSink sink;
  BeastRig rig;
  const OpenParams nobody = rig.params("127.0.0.1");
  rig.transport().open(nobody);
  REQUIRE(step_until(rig, sink, [&] { return sink.closed.size() == 1; }));
  CHECK(sink.closed.at(0).fail == OpenFail::Tcp);
  const OpenParams nowhere = rig.params("no such host");
  rig.transport().open(nowhere);
  REQUIRE(step_until(rig, sink, [&] { return sink.closed.size() == 2; }));
  CHECK(sink.closed.at(1).fail == OpenFail::Dns);
}

TEST_CASE("a peer that never speaks TLS is given up") {
  posix::WsOptions hasty;
  hasty.tls_timeout_ms = 50;
  BeastRig rig(hasty);
  boost::asio::io_context io;
  using boost::asio::ip::tcp;
  tcp::acceptor silent(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  OpenParams params = rig.params("127.0.0.1");
  params.port = silent.local_endpoint().port();
  RecordingSink sink;
  rig.transport().open(params);
  REQUIRE(step_until(rig, sink, [&] { return !sink.closed.empty(); }));
  CHECK(sink.closed.at(0).fail == OpenFail::Timeout);
}
