#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;
using State = SessionState;

namespace {

/** A world that does anything at any time, and what must hold all the same. */
class Model {
 public:
  explicit Model(uint64_t seed) : rig_(seed * 1000, seed), dice_(seed ^ 0xC0FFEE) {
    const auto gateway_frame = rig_.transport.on_frame;
    rig_.transport.on_frame = [this, gateway_frame](FakeTransport& transport, const std::string& frame) {
      const State state = rig_.session().state();
      if (state != State::Hello && state != State::Ready) sent_in_wrong_state++;
      gateway_frame(transport, frame);
    };
    const auto gateway_answer = rig_.transport.answer;
    rig_.transport.answer = [this, gateway_answer](FakeTransport& transport) {
      note_attempt();
      gateway_answer(transport);
    };
    rig_.handler.on_call = [this](const CommandCall& call) {
      if (++runs_[call.id] > 1) ran_twice++;
      if (dice_.chance(50)) unfinished_.push_back(call.id);
      else rig_.session().finish_ok(call.id, "1");
    };
  }

  void chaos(int steps) {
    for (int i = 0; i < steps; i++) {
      event(dice_.below(24));
      rig_.run(dice_.chance(5) ? 400000 : dice_.below(8000) + 20, dice_.chance(20) ? 1000 : 100);
      check();
    }
  }

  /** From here on the world is good. */
  bool comes_through() {
    rig_.system.link = true;
    rig_.gateway.door = FakeGateway::Door::Accept;
    rig_.gateway.says_welcome = rig_.gateway.acknowledges = true;
    rig_.gateway.good_token.clear();
    rig_.gateway.window_messages = 64;
    rig_.transport.pings_work = true;
    rig_.transport.sends_until_failure = -1;
    rig_.store.failing_writes = 0;
    const auto settled = [this] {
      rig_.transport.alive();
      if (rig_.is_ready()) finish_commands();
      if (rig_.gateway.in_session()) rig_.gateway.acknowledge();  // what it withheld
      return rig_.is_ready() && rig_.outbox().unacknowledged() == 0 && rig_.gateway.waiting.empty();
    };
    const bool came = rig_.run_until(settled, 2 * 3600000, 500);
    check();
    check_nothing_is_lost();
    return came;
  }

  void check() {
    const FakeTransport& transport = rig_.transport;
    CHECK(transport.ends + (transport.is_open ? 1 : 0) == transport.opens);
    CHECK(transport.violations == 0);
    CHECK(rig_.gateway.violations == 0);
    CHECK(sent_in_wrong_state == 0);
    CHECK(ran_twice == 0);
    CHECK(worst_hour <= kAttemptsPerHourMax);
  }

  size_t published() const { return rig_.gateway.published.size(); }
  size_t commands() const { return runs_.size(); }
  int opens() const { return rig_.transport.opens; }

  int sent_in_wrong_state = 0, ran_twice = 0;
  size_t worst_hour = 0;

 private:
  void note_attempt() {
    attempts_.push_back(rig_.clock.now_ms);
    while (rig_.clock.now_ms - attempts_.front() >= 3600000) attempts_.pop_front();
    worst_hour = std::max(worst_hour, attempts_.size());
  }
  void finish_commands() {
    for (const std::string& id : unfinished_) rig_.session().finish_error(id.c_str(), "failed", "model");
    unfinished_.clear();
  }
  void reboot() {
    rig_.reboot();
    rig_.configure();
    unfinished_.clear();
    pushed_.clear();  // without flash, a reboot loses what was in RAM
    attempts_.clear();  // the bound is kept in RAM
    rig_.system.reason = dice_.chance(50) ? ResetReason::PowerOn : ResetReason::Software;
  }
  /** Every record of this boot is on the bus, under its own number. */
  void check_nothing_is_lost() {
    std::set<uint64_t> held;
    for (const FakeGateway::Record& record : rig_.gateway.published) {
      if (record.boot == rig_.boot->boot_id) held.insert(record.seq);
    }
    for (const uint32_t seq : pushed_) CHECK(held.count(seq) == 1);
    const OutboxStats stats = rig_.outbox().stats();
    CHECK(stats.dropped_stream + stats.refused_too_large + stats.refused == 0);
  }
  void random_bye() {
    const uint16_t codes[] = {1001, 1011, 1012, 1013, 4001, 4012, 4021, 4999};
    if (rig_.gateway.in_session()) rig_.gateway.bye(codes[dice_.below(8)], dice_.below(60000), dice_.chance(90));
  }
  void random_door() {
    const uint16_t statuses[] = {400, 401, 403, 426, 429, 500, 503};
    rig_.gateway.door = static_cast<FakeGateway::Door>(dice_.below(4));
    rig_.gateway.refuse_status = statuses[dice_.below(7)];
    rig_.gateway.fail = static_cast<OpenFail>(dice_.below(9));
  }
  void event(uint32_t which) {
    switch (which) {
      case 0: rig_.system.link = !rig_.system.link; break;
      case 1: random_door(); break;
      case 2: case 3: rig_.gateway.door = FakeGateway::Door::Accept; break;
      case 4: rig_.gateway.says_welcome = dice_.chance(70); break;
      case 5: case 6: rig_.gateway.acknowledges = dice_.chance(70); break;
      case 7: if (rig_.transport.is_open) rig_.transport.end(); break;
      case 8: random_bye(); break;
      case 9: rig_.transport.sends_until_failure = dice_.chance(50) ? static_cast<int>(dice_.below(6)) : -1; break;
      case 10: rig_.transport.pings_work = dice_.chance(80); break;
      case 11: reboot(); break;
      case 12: rig_.store.failing_writes = dice_.below(3); break;
      case 13: rig_.gateway.good_token = dice_.chance(50) ? "token-a" : ""; break;
      case 14: token(); break;
      case 15: rig_.gateway.window_messages = 1 + dice_.below(6); break;
      case 16: case 17: command(); break;
      case 18: finish_commands(); break;
      case 19: rig_.transport.text("{\"type\":\"cancel\",\"id\":\"c" + std::to_string(commands_) + "\"}"); break;
      case 20: rig_.session().log("info", "model"); break;
      case 21: if (dice_.chance(10)) rig_.configure(); break;
      default: records(); break;
    }
  }
  void token() {
    const std::string name = "t" + std::to_string(dice_.below(1000));
    rig_.transport.text("{\"type\":\"token\",\"token_id\":\"" + name + "\",\"token\":\"" + name + "\"}");
  }
  void command() {
    if (rig_.gateway.waiting.size() >= 8) return;  // [C-3]
    rig_.gateway.command("c" + std::to_string(++commands_), "run", "{}", dice_.chance(90) ? 60000 : 0);
  }
  void records() {
    for (uint32_t i = dice_.below(5); i > 0; i--) pushed_.push_back(rig_.push("\"n\":" + std::to_string(i)));
  }

  SessionRig rig_;
  FakeEntropy dice_;
  std::map<std::string, int> runs_;
  std::vector<std::string> unfinished_;
  std::vector<uint32_t> pushed_;
  std::deque<uint64_t> attempts_;
  int commands_ = 0;
};

}  // namespace

TEST_CASE("whatever the world does, the rules hold, and when it is good again everything comes through") {
  size_t published = 0, commands = 0;
  int opens = 0;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    CAPTURE(seed);
    Model model(seed);
    for (int round = 0; round < 3; round++) {
      model.chaos(60);
      CHECK(model.comes_through());
    }
    published += model.published();
    commands += model.commands();
    opens += model.opens();
  }
  MESSAGE(opens, " connects, ", published, " records published, ", commands, " commands run once each");
  CHECK(published > 5000);
  CHECK(commands > 2000);
}
