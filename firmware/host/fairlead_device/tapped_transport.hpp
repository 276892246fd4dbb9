#pragma once
#include "fairlead/ports.hpp"

namespace fairlead::posix {

/** Between the core and the real transport: tells what passes, changes nothing. */
class TappedTransport final : public Transport, private TransportSink {
 public:
  explicit TappedTransport(Transport& real) : real_(real) {}
  void open(const OpenParams& params) override { real_.open(params); }
  void poll(TransportSink& sink) override;
  bool send(MutableBytes frame, bool is_text) override;
  bool ping() override { return real_.ping(); }
  void close() override { real_.close(); }

 private:
  void on_open() override;
  void on_message(ByteView message, bool is_text) override;
  void on_alive() override { sink_->on_alive(); }
  void on_closed(const Closed& closed) override;
  Transport& real_;
  TransportSink* sink_ = nullptr;
};

}  // namespace fairlead::posix
