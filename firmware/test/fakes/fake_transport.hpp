#pragma once
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/**
 * A transport whose other end is the test: it queues what happens (accept, text, end …), and the next poll() reports
 * it. It keeps what was sent, and counts in `violations` every call that the contract of Transport forbids.
 */
class FakeTransport : public Transport {
 public:
  // The other end.
  /** Called in each open(); queue the answer there, or later. */
  std::function<void(FakeTransport&)> answer = [](FakeTransport&) {};
  /** Called for each frame that was sent. */
  std::function<void(FakeTransport&, const std::string&)> on_frame = [](FakeTransport&, const std::string&) {};
  void accept() { coming_.push_back([this](TransportSink& sink) { accepted_ = true; sink.on_open(); }); }
  void text(const std::string& frame) { message(frame, true); }
  void binary(const std::string& frame) { message(frame, false); }
  void alive() { coming_.push_back([](TransportSink& sink) { sink.on_alive(); }); }
  void end(const Closed& closed = {}) {
    coming_.push_back([this, closed](TransportSink& sink) { finish(sink, closed); });
  }
  void refuse(uint16_t status) {
    Closed closed;
    closed.fail = OpenFail::Http;
    closed.http_status = status;
    end(closed);
  }
  void fail(OpenFail why) {
    Closed closed;
    closed.fail = why;
    end(closed);
  }

  /** The device lost its power: the other end of its socket is gone, and nobody is told. */
  void drop() {
    is_open = accepted_ = closing_ = false;
    coming_.clear();
    ends++;
  }

  // Transport
  void open(const OpenParams& params) override {
    if (is_open || in_poll_) violations++;
    is_open = true;
    accepted_ = false;
    coming_.clear();
    opens++;
    host = params.host;
    authorization = params.authorization;
    ca_pem = params.ca_pem;
    answer(*this);
  }
  void poll(TransportSink& sink) override {
    if (!is_open) return;
    in_poll_ = true;
    if (closing_) finish(sink, Closed{});
    while (is_open && !coming_.empty()) {
      const auto next = coming_.front();
      coming_.pop_front();
      next(sink);
    }
    in_poll_ = false;
  }
  bool send(MutableBytes frame, bool is_text) override {
    if (!is_open || !accepted_ || closing_ || frame.size == 0) violations++;
    if (frame.size > 0 && is_text != (frame.data[0] == '{')) violations++;
    if (sends_until_failure == 0) {
      closing_ = true;
      return false;
    }
    if (sends_until_failure > 0) sends_until_failure--;
    for (size_t i = 1; i <= kFrameHeadroom; i++) *(frame.data - i) = 0xA5;  // as an adapter would use its headroom
    sent.emplace_back(text_of({frame.data, frame.size}));
    on_frame(*this, sent.back());
    return true;
  }
  bool ping() override {
    if (!is_open || !accepted_) violations++;
    pings++;
    return pings_work;
  }
  void close() override {
    if (!is_open || in_poll_) violations++;
    closes++;
    closing_ = true;
  }

  bool is_open = false;
  bool pings_work = true;
  int sends_until_failure = -1;  ///< Negative: never.
  int opens = 0, closes = 0, ends = 0, pings = 0, violations = 0;
  std::string host, authorization, ca_pem;
  std::vector<std::string> sent;

 private:
  void message(const std::string& frame, bool is_text) {
    coming_.push_back([frame, is_text](TransportSink& sink) {
      // Exact size, so that a read behind the end is seen by the sanitizer.
      const std::vector<uint8_t> bytes(frame.begin(), frame.end());
      sink.on_message({bytes.data(), bytes.size()}, is_text);
    });
  }
  void finish(TransportSink& sink, const Closed& closed) {
    is_open = accepted_ = closing_ = false;
    coming_.clear();
    ends++;
    sink.on_closed(closed);
  }

  bool accepted_ = false, closing_ = false, in_poll_ = false;
  std::deque<std::function<void(TransportSink&)>> coming_;
};

}  // namespace fairlead::fakes
