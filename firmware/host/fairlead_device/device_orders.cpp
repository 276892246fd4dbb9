#include "device.hpp"
#include "report_line.hpp"

/** What can be asked of the device by a line on stdin. */
namespace fairlead::posix {

void Device::obey(const std::string& line) {
  Order order;
  if (!order.read(line)) return report_problem("not a JSON object: " + line);
  const std::string what = order.text("do");
  if (obey_record(order, what) || obey_session(order, what) || obey_device(order, what)) return;
  report_problem("no such order: " + what);
}

bool Device::obey_record(const Order& order, const std::string& what) {
  if (what == "telemetry") push_telemetry(order);
  else if (what == "event") push_event(order);
  else if (what == "channel") push_channel(order);
  else return false;
  return true;
}

bool Device::obey_session(const Order& order, const std::string& what) {
  if (what == "log") session_.log(order.text("level", "info"), order.text("text"));
  else if (what == "leave") session_.leave(0);
  else if (what == "sleep") session_.leave(static_cast<uint32_t>(order.number("seconds", 60)));
  else if (what == "connect") configure();
  else if (what == "reported") report_settings(order);
  else if (what == "answer") answer(order);
  else return false;
  return true;
}

bool Device::obey_device(const Order& order, const std::string& what) {
  if (what == "restart") restart("asked");
  else if (what == "link") system_.set_link_up(order.boolean("up", true));
  else if (what == "status" || what == "stats") report_stats();
  else return false;
  return true;
}

/** `class`: latest (with `key`), stream or event's own; stream by default. */
void Device::push_telemetry(const Order& order) {
  const bool latest = order.text("class") == "latest";
  const std::string values = order.json("values");
  uint32_t seq = 0;
  const Status status = outbox_.push_telemetry(latest ? RecordClass::Latest : RecordClass::Stream, order.text("key"),
                                               inside_of(values), seq);
  report_pushed(status, seq);
}

void Device::push_event(const Order& order) {
  const std::string data = order.json("data");
  uint32_t seq = 0;
  const Status status = outbox_.push_event(order.text("name"), data.empty() ? "null" : data, seq);
  report_pushed(status, seq);
}

/** `class`: event or stream, the default. */
void Device::push_channel(const Order& order) {
  std::string payload;
  if (!bytes_of_hex(order.text("hex"), payload)) return report_problem("hex is pairs of hexadecimal digits");
  const RecordClass cls = order.text("class") == "event" ? RecordClass::Event : RecordClass::Stream;
  uint32_t seq = 0;
  const Status status = outbox_.push_channel(cls, order.text("name"), bytes_of(payload), seq);
  report_pushed(status, seq);
}

void Device::report_pushed(Status status, uint32_t seq) {
  reported_unacknowledged_ = outbox_.unacknowledged();
  ReportLine("pushed")
      .text("status", status_text(status))
      .text("boot", boot_)
      .number("seq", seq)
      .number("unacknowledged", reported_unacknowledged_);
}

void Device::answer(const Order& order) {
  const std::string id = order.text("id");
  Order error;
  if (order.boolean("ok", true)) return session_.finish_ok(id.c_str(), order.json("data"));
  const bool has_error = error.read(order.json("error"));
  session_.finish_error(id.c_str(), has_error ? error.text("code", "failed") : "failed",
                        has_error ? error.text("message") : "");
}

/** With a `state`: these are the settings from now on. */
void Device::report_settings(const Order& order) {
  const std::string state = order.json("state");
  if (!state.empty()) settings_json_ = state;
  session_.report_settings(static_cast<uint64_t>(order.number("version", 0)), settings_json_);
}

void Device::report_stats() {
  const OutboxStats outbox = outbox_.stats();
  const SessionCounters& session = session_.counters();
  char token_sha256[kSha256HexBytes];
  sha256_hex(bytes_of(tokens_.current()), token_sha256);
  ReportLine("stats")
      .text("boot", boot_)
      .number("unacknowledged", outbox_.unacknowledged())
      .number("in_ram", outbox.in_ram)
      .number("in_flash", outbox.in_flash)
      .number("dropped", outbox.dropped_latest + outbox.dropped_stream + outbox.dropped_event)
      .number("refused", outbox.refused)
      .number("flash_written_kib", outbox.flash_written_kib)
      .number("flash_erasures", outbox.flash_erasures)
      .number("wear_pauses", outbox.wear_pauses)
      .number("sessions", session.sessions)
      .number("opens", session.opens)
      .number("records_sent", session.records_sent)
      .number("strange_frames", session.strange_frames)
      .number("command_runs", commands_.runs())
      .number("command_repeats", session_.commands().counters().repeated)
      .text("token_sha256", token_sha256)
      .boolean("has_other_token", tokens_.has_other())
      .json("settings", settings_json_);
}

}  // namespace fairlead::posix
