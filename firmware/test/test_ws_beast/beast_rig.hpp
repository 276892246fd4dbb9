#pragma once
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contract/transport_contract.hpp"
#include "tls_peer.hpp"
#include "ws_beast.hpp"

namespace fairlead::test {

/** One chain for all tests that do not care. */
inline const CertificateChain& usual_chain() {
  static const CertificateChain chain = make_certificates();
  return chain;
}

/** The Beast transport and a scripted peer. */
class BeastRig {
 public:
  explicit BeastRig(const posix::WsOptions& options = {}, const CertificateChain& chain = usual_chain(),
                    bool only_tls13 = false)
      : ca_(chain.ca_pem), chain_(chain), only_tls13_(only_tls13), transport_(options) {}
  Transport& transport() { return transport_; }
  TlsPeer& peer() {
    if (!peer_) peer_ = std::make_unique<TlsPeer>(chain_, only_tls13_);
    return *peer_;
  }
  OpenParams params(const char* host = "localhost") {
    OpenParams params;
    params.host = host;
    params.port = peer_ ? peer_->port() : uint16_t{1};
    params.authorization = "Bearer secret";
    params.ca_pem = ca_.c_str();
    return params;
  }
  void step() {
    if (peer_) peer_->step();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  void peer_accepts() { next_peer(kSwitching); }
  void peer_refuses(int status) { next_peer(refusal(status)); }
  void peer_sends(const std::string& text) { peer().send(server_frame(0x81, text)); }
  void peer_pings() { peer().send(server_frame(0x89, "")); }
  void peer_drops() { peer().drop(); }
  std::vector<std::string> peer_received() {
    std::vector<std::string> texts;
    std::string bytes = peer().received();
    int first = 0;
    for (std::string payload, mask; take_client_frame(bytes, first, payload, mask);)
      if (first == 0x81) texts.push_back(payload);
    return texts;
  }
  /** Opens, and waits until it is open or has failed. */
  void connect(RecordingSink& sink, const char* host = "localhost") {
    peer();
    const OpenParams params = this->params(host);
    transport_.open(params);
    step_until(*this, sink, [&] { return sink.opened > 0 || !sink.closed.empty(); });
  }
  std::string ca_;

 private:
  void next_peer(const std::string& answer) {
    peer_ = std::make_unique<TlsPeer>(chain_, only_tls13_);
    peer_->answer = answer;
  }
  const CertificateChain chain_;
  const bool only_tls13_;
  posix::WsBeast transport_;
  std::unique_ptr<TlsPeer> peer_;
};

}  // namespace fairlead::test
