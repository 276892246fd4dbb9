#include "tapped_transport.hpp"

#include "fairlead/gateway_message.hpp"
#include "order.hpp"
#include "report_line.hpp"

namespace fairlead::posix {

namespace {

const char* fail_text(OpenFail fail) {
  switch (fail) {
    case OpenFail::None: return "none";
    case OpenFail::Dns: return "dns";
    case OpenFail::Tcp: return "tcp";
    case OpenFail::Tls: return "tls";
    case OpenFail::TlsCertificate: return "tls_certificate";
    case OpenFail::NoMemory: return "no_memory";
    case OpenFail::Http: return "http";
    case OpenFail::Timeout: return "timeout";
    case OpenFail::Protocol: return "protocol";
  }
  return "?";
}

void report(const GatewayMessage& message) {
  switch (message.type) {
    case GatewayMessageType::Welcome:
      ReportLine("welcome").number("session", message.session).number("now", message.now_ms);
      return;
    case GatewayMessageType::Nack:
      ReportLine("nack").number("seq", message.seq).text("code", message.nack_code).text("reason", message.reason);
      return;
    case GatewayMessageType::Bye:
      ReportLine("bye")
          .number("code", message.code)
          .text("reason", message.reason)
          .boolean("reconnect", message.reconnect)
          .number("retry_after_ms", message.retry_after_ms);
      return;
    default:
      return;  // the core tells of these
  }
}

}  // namespace

void TappedTransport::poll(TransportSink& sink) {
  sink_ = &sink;
  real_.poll(*this);
}

bool TappedTransport::send(MutableBytes frame, bool is_text) {
  Order sent;
  const bool readable = is_text && sent.read(text_of({frame.data, frame.size}));
  if (readable && sent.text("type") == "token_stored")
    ReportLine("token_stored").text("token_id", sent.text("token_id")).text("sha256", sent.text("sha256"));
  return real_.send(frame, is_text);
}

void TappedTransport::on_open() {
  ReportLine("open");
  sink_->on_open();
}

void TappedTransport::on_message(ByteView message, bool is_text) {
  GatewayMessage parsed;
  if (is_text && parse_gateway_message(message, parsed).ok()) report(parsed);
  sink_->on_message(message, is_text);
}

void TappedTransport::on_closed(const Closed& closed) {
  ReportLine("closed")
      .text("fail", fail_text(closed.fail))
      .number("http_status", closed.http_status)
      .number("close_code", closed.close_code)
      .number("retry_after_ms", closed.retry_after_ms);
  sink_->on_closed(closed);
}

}  // namespace fairlead::posix
