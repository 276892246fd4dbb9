#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_transport.hpp"
#include "fakes/frame_text.hpp"

namespace fairlead::fakes {

/**
 * The gateway's side of one device over a FakeTransport: welcomes, acknowledges, holds the device to its window and
 * order, and keeps its commands until they have a result. What breaks a rule is counted in `violations`.
 */
class FakeGateway {
 public:
  explicit FakeGateway(FakeTransport& transport) : transport_(transport) {
    transport.answer = [this](FakeTransport&) { on_connect(); };
    transport.on_frame = [this](FakeTransport&, const std::string& frame) { on_frame(frame); };
  }

  enum class Door { Accept, Refuse, Fail, Silent };
  Door door = Door::Accept;
  uint16_t refuse_status = 503;
  OpenFail fail = OpenFail::Tcp;
  bool says_welcome = true;
  /** The token has ended: the session only rotates until the new one is confirmed [K-10]. */
  bool rotates_only = false;
  bool acknowledges = true;
  /** For each connect: only this token is taken, others get 401. Empty: any. */
  std::string good_token;
  uint64_t now_ms = 1767225600000;
  uint64_t session = 0;
  uint32_t window_messages = 64, window_bytes = 32768, payload_bytes = 14336;
  uint32_t ping_interval_ms = 18000, pong_timeout_ms = 8000;
  bool tells_acked = true;

  struct Record {
    std::string boot, frame;
    uint64_t seq;
  };
  /** What the bus holds, each (boot, seq) once, in the order of arrival. */
  std::vector<Record> published;
  std::vector<std::string> hellos, logs, reported, tokens_stored, byes;
  /** Commands without a result: id -> frame. */
  std::map<std::string, std::string> waiting;
  /** Results by id, the first one each. */
  std::map<std::string, std::string> results;
  std::vector<std::string> command_frames;
  int repeats = 0;
  int violations = 0;

  void command(const std::string& id, const std::string& name, const std::string& params = "{}",
               uint64_t expires_in_ms = 60000) {
    waiting[id] = "{\"type\":\"command\",\"id\":\"" + id + "\",\"name\":\"" + name + "\",\"params\":" + params +
                  ",\"expires_in_ms\":" + std::to_string(expires_in_ms) + "}";
    if (in_session_) transport_.text(waiting[id]);
  }
  void bye(uint16_t code, uint64_t retry_after_ms, bool reconnect = true) {
    transport_.text("{\"type\":\"bye\",\"code\":" + std::to_string(code) + ",\"reason\":\"test\",\"reconnect\":" +
                    (reconnect ? "true" : "false") + ",\"retry_after_ms\":" + std::to_string(retry_after_ms) + "}");
    said_bye_ = true;
  }
  /** Acknowledges everything that came in this session. */
  void acknowledge() {
    std::map<std::string, uint64_t> highest;
    for (const Record& record : unacknowledged_) highest[record.boot] = record.seq;
    unacknowledged_.clear();
    for (const auto& [boot, seq] : highest) {
      const std::string named = boot == boot_ ? "" : ",\"boot\":\"" + boot + "\"";
      transport_.text("{\"type\":\"ack\",\"seq\":" + std::to_string(seq) + named + "}");
    }
  }
  /** The oldest `count` were answered by a nack. */
  void forget_unacknowledged(size_t count) {
    unacknowledged_.erase(unacknowledged_.begin(), unacknowledged_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  bool in_session() const { return in_session_ && transport_.is_open; }
  size_t unacknowledged() const { return unacknowledged_.size(); }

 private:
  void on_connect() {
    in_session_ = said_bye_ = heard_bye_ = false;
    said_hello_ = false;
    unacknowledged_.clear();
    if (door == Door::Silent) return;
    if (door == Door::Fail) return transport_.fail(fail);
    if (door == Door::Refuse) return transport_.refuse(refuse_status);
    if (!good_token.empty() && transport_.authorization != "Bearer " + good_token) return transport_.refuse(401);
    transport_.accept();
  }

  void on_frame(const std::string& frame) {
    const std::string type = type_of(frame);
    if (heard_bye_) violations++;                       // [S-6]
    if (said_hello_ == (type == "hello")) violations++;  // [S-2]
    if (type == "hello") return on_hello(frame);
    if (rotates_only && type != "token_stored") return end_of_rotation(4001);  // [K-10]
    if (type == "telemetry" || type == "event" || type == "channel") return on_record(frame);
    if (type == "bye") {
      byes.push_back(frame);
      heard_bye_ = true;
    }
    if (type == "log") logs.push_back(frame);
    if (type == "reported") reported.push_back(frame);
    if (type == "token_stored") tokens_stored.push_back(frame);
    if (type == "token_stored") rotates_only = false;
    if (type == "accepted" || type == "progress" || type == "result") on_answer(type, frame);
  }

  void on_hello(const std::string& frame) {
    hellos.push_back(frame);
    said_hello_ = true;
    boot_ = text_field(frame, "boot");
    if (says_welcome) welcome();
  }

  void end_of_rotation(uint16_t code) {
    if (said_bye_) return;
    bye(code, 5000);
    transport_.end();
  }

  void on_answer(const std::string& type, const std::string& frame) {
    if (!in_session_) violations++;
    command_frames.push_back(frame);
    if (type != "result") return;
    const std::string id = text_field(frame, "id");
    results.emplace(id, frame);
    waiting.erase(id);
  }

  void on_record(const std::string& frame) {
    if (!in_session_) violations++;  // [S-3]
    size_t bytes = frame.size();
    for (const Record& record : unacknowledged_) bytes += record.frame.size();
    if (unacknowledged_.size() >= told_messages_) violations++;
    if (!unacknowledged_.empty() && bytes > told_bytes_) violations++;
    const std::string named = type_of(frame) == "channel" ? "" : text_field(frame, "boot");
    if (named == boot_) violations++;
    const Record record{named.empty() ? boot_ : named, frame, seq_of(frame)};
    uint64_t& highest = highest_[record.boot];
    uint64_t& highest_here = highest_in_session_[{session, record.boot}];
    if (record.seq <= highest_here) violations++;  // out of order within the session
    highest_here = record.seq;
    if (record.seq <= highest) repeats++;
    else published.push_back(record);
    if (record.seq > highest) highest = record.seq;
    unacknowledged_.push_back(record);
    if (acknowledges) acknowledge();
  }

 public:
  void welcome() {
    in_session_ = true;
    session++;
    told_messages_ = window_messages;
    told_bytes_ = window_bytes;
    const auto known = highest_.find(boot_);
    const std::string acked =
        tells_acked && acknowledges && known != highest_.end() ? ",\"acked\":" + std::to_string(known->second) : "";
    transport_.text("{\"type\":\"welcome\",\"session\":" + std::to_string(session) + ",\"now\":" +
                    std::to_string(now_ms) + acked + ",\"limits\":{\"frame_bytes\":65536,\"payload_bytes\":" +
                    std::to_string(payload_bytes) + ",\"points\":100,\"window_messages\":" +
                    std::to_string(window_messages) + ",\"window_bytes\":" + std::to_string(window_bytes) +
                    ",\"messages_per_s\":50,\"burst\":200,\"ping_interval_ms\":" + std::to_string(ping_interval_ms) +
                    ",\"pong_timeout_ms\":" + std::to_string(pong_timeout_ms) + "}}");
    if (rotates_only) return;
    for (const auto& [id, frame] : waiting) transport_.text(frame);  // [C-14]
  }

 private:
  FakeTransport& transport_;
  std::string boot_;
  uint32_t told_messages_ = 0, told_bytes_ = 0;  ///< In the welcome of this session.
  bool in_session_ = false, said_hello_ = false, said_bye_ = false, heard_bye_ = false;
  std::vector<Record> unacknowledged_;
  std::map<std::string, uint64_t> highest_;
  std::map<std::pair<uint64_t, std::string>, uint64_t> highest_in_session_;
};

}  // namespace fairlead::fakes
