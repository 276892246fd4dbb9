#include "ws_beast.hpp"

#include "ws_connection.hpp"

namespace fairlead::posix {

namespace {

/** Of one poll(): a peer that never stops must not keep the process from everything else. */
constexpr int kHandlersPerPollMax = 64;

}  // namespace

WsBeast::WsBeast(const WsOptions& options) : options_(options) {}

WsBeast::~WsBeast() = default;

void WsBeast::open(const OpenParams& params) {
  if (connection_) return;  // [the port] only when closed
  connection_ = std::make_shared<WsConnection>(io_, options_, params);
  connection_->start();
}

void WsBeast::poll(TransportSink& sink) {
  if (connection_) connection_->set_sink(&sink);
  io_.restart();
  for (int handled = 0; handled < kHandlersPerPollMax && io_.poll_one() > 0; ++handled) {
  }
  if (!connection_) return;
  connection_->set_sink(nullptr);
  if (!connection_->has_ended()) return;
  const Closed closed = connection_->closed();
  connection_.reset();  // before the call: the sink may open the next one
  sink.on_closed(closed);
}

bool WsBeast::send(MutableBytes frame, bool is_text) {
  return connection_ && connection_->send(is_text ? Opcode::Text : Opcode::Binary, {frame.data, frame.size});
}

bool WsBeast::ping() { return connection_ && connection_->send(Opcode::Ping, {}); }

void WsBeast::close() {
  if (connection_) connection_->close();
}

}  // namespace fairlead::posix
