#include <doctest/doctest.h>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

struct ReadyRig : SessionRig {
  ReadyRig() { REQUIRE(make_ready()); }
  void command(const std::string& id, uint64_t expires_in_ms = 60000) {
    gateway.command(id, "valve.open", R"({"percent":100})", expires_in_ms);
    run(20);
  }
  std::string result(const std::string& id) { return gateway.results[id]; }
};

}  // namespace

TEST_CASE("[C-18] a command: the id is stored, accepted is sent, it runs, the result is stored, then sent") {
  ReadyRig rig;
  rig.handler.on_call = [&](const CommandCall& call) {
    CHECK(rig.boot->memory.find(call.id) == CommandState::Running);
    CHECK(rig.transport.sent.back() == R"({"type":"accepted","id":"c1"})");
  };
  rig.command("c1");
  REQUIRE(rig.handler.calls.size() == 1);
  CHECK(rig.handler.calls[0].name == "valve.open");
  CHECK(rig.handler.calls[0].params == R"({"percent":100})");
  CHECK(rig.handler.calls[0].expires_in_ms == 60000);
  rig.session().progress("c1", 40, "opening");
  rig.run(20);
  CHECK(rig.transport.sent.back() == R"({"type":"progress","id":"c1","percent":40,"text":"opening"})");
  rig.session().finish_ok("c1", R"({"position":100})");
  CHECK(rig.boot->memory.find("c1") == CommandState::Finished);
  CHECK(rig.count_sent("result") == 0);
  rig.run(20);
  CHECK(rig.result("c1") == R"({"type":"result","id":"c1","ok":true,"data":{"position":100}})");
}

TEST_CASE("a handler may answer from within") {
  ReadyRig rig;
  rig.handler.on_call = [&](const CommandCall& call) { rig.session().finish_error(call.id, "unsupported", "no"); };
  rig.command("c1");
  CHECK(rig.result("c1") ==
        R"({"type":"result","id":"c1","ok":false,"error":{"code":"unsupported","message":"no"}})");
  CHECK(rig.gateway.command_frames.front() == R"({"type":"accepted","id":"c1"})");
}

TEST_CASE("[C-17] a command of an unknown name is refused: nothing is accepted, stored or run") {
  ReadyRig rig;
  rig.gateway.command("c1", "unknown");
  rig.run(20);
  CHECK(text_field(rig.result("c1"), "code") == "unsupported");
  CHECK(rig.count_sent("accepted") == 0);  // so the gateway says rejected [C-5]
  CHECK(rig.boot->memory.find("c1") == CommandState::Unknown);
  CHECK(rig.handler.calls.empty());
  CHECK(rig.session().commands().counters().refused == 1);
}

TEST_CASE("[C-15] a repeat is not run again: accepted while it runs, the stored result afterwards") {
  ReadyRig rig;
  rig.command("c1");
  rig.command("c1");
  CHECK(rig.handler.calls.size() == 1);
  CHECK(rig.count_sent("accepted") == 2);
  rig.session().finish_ok("c1", "");
  rig.run(20);
  rig.command("c1");
  CHECK(rig.handler.calls.size() == 1);
  CHECK(rig.count_sent("result") == 2);
  CHECK(rig.last_sent("result") == R"({"type":"result","id":"c1","ok":true})");
  CHECK(rig.session().commands().counters().repeated == 2);
}

TEST_CASE("[C-15] after a reboot a finished command is answered from memory, one that ran is interrupted") {
  ReadyRig rig;
  rig.command("done");
  rig.session().finish_ok("done", "7");
  rig.command("cut");
  rig.reboot();
  rig.gateway.waiting["done"] = R"({"type":"command","id":"done","name":"x","params":{},"expires_in_ms":5000})";
  rig.gateway.results.clear();
  rig.configure();
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.handler.calls.size() == 2);
  CHECK(rig.result("done") == R"({"type":"result","id":"done","ok":true,"data":7})");
  CHECK(text_field(rig.result("cut"), "code") == "interrupted");
  rig.command("cut");
  CHECK(rig.handler.calls.size() == 2);
}

TEST_CASE("[C-14] a result that found no session is sent in the next one, also when nobody asks for it") {
  ReadyRig rig;
  rig.command("c1");
  rig.transport.end();
  rig.gateway.waiting.clear();  // the gateway gave it up as unknown [C-8]
  rig.run(40);
  rig.session().finish_ok("c1", "");
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.result("c1") == R"({"type":"result","id":"c1","ok":true})");
}

TEST_CASE("[C-18] a command whose accepted could not be sent has not run, and runs when it is asked for again") {
  ReadyRig rig;
  rig.transport.sends_until_failure = 0;
  rig.command("c1");
  CHECK(rig.handler.calls.empty());
  rig.transport.sends_until_failure = -1;
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.handler.calls.size() == 1);
  rig.transport.end();
  rig.run(40);
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.handler.calls.size() == 1);
}

TEST_CASE("[C-13] a command whose time is up is not started") {
  ReadyRig rig;
  rig.command("c1", 0);
  CHECK(rig.handler.calls.empty());
  CHECK(text_field(rig.result("c1"), "code") == "expired");
  CHECK(rig.count_sent("accepted") == 0);
  // The same when its accepted could not be sent in time.
  rig.transport.sends_until_failure = 0;
  rig.command("c2");
  rig.transport.sends_until_failure = -1;
  rig.gateway.waiting["c2"] = R"({"type":"command","id":"c2","name":"x","params":{},"expires_in_ms":0})";
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.handler.calls.empty());
  CHECK(text_field(rig.result("c2"), "code") == "expired");
}

TEST_CASE("[L-19] with 8 unfinished commands the next one is answered busy and has not run") {
  ReadyRig rig;
  for (int i = 0; i < 9; i++) rig.command("c" + std::to_string(i));
  CHECK(rig.handler.calls.size() == 8);
  CHECK(rig.session().commands().unfinished() == 8);
  CHECK(text_field(rig.result("c8"), "code") == "busy");
  rig.session().finish_ok("c3", "");
  rig.run(20);
  rig.command("c9");
  CHECK(rig.handler.calls.size() == 9);
}

TEST_CASE("[C-16] cancel reaches a running command, and one that has finished is answered again") {
  ReadyRig rig;
  rig.command("c1");
  rig.transport.text(R"({"type":"cancel","id":"c1"})");
  rig.transport.text(R"({"type":"cancel","id":"never-seen"})");
  rig.run(20);
  CHECK(rig.handler.cancels == std::vector<std::string>{"c1"});
  rig.session().finish_error("c1", "cancelled", "stopped");
  rig.run(20);
  rig.transport.text(R"({"type":"cancel","id":"c1"})");
  rig.run(20);
  CHECK(rig.handler.cancels.size() == 1);
  CHECK(rig.count_sent("result") == 2);
}

TEST_CASE("only the first end of a command counts, and nobody else's") {
  ReadyRig rig;
  rig.command("c1");
  rig.session().finish_ok("c1", "1");
  rig.session().finish_ok("c1", "2");
  rig.session().finish_error("nobody", "failed", "");
  rig.session().progress("c1", 50, "late");
  rig.session().progress("", 50, "nobody");
  rig.run(20);
  CHECK(rig.last_sent("result") == R"({"type":"result","id":"c1","ok":true,"data":1})");
  CHECK(rig.count_sent("result") == 1);
  CHECK(rig.count_sent("progress") == 0);
  CHECK(rig.session().commands().counters().late_answers == 4);
}

TEST_CASE("[C-12] a result that does not fit, is no JSON or has no proper code still ends the command") {
  ReadyRig rig;
  rig.command("large");
  rig.session().finish_ok("large", "\"" + std::string(800, 'x') + "\"");
  rig.command("huge");
  rig.session().finish_ok("huge", "\"" + std::string(5000, 'x') + "\"");
  rig.command("bad");
  rig.session().finish_ok("bad", "{not json");
  rig.command("code");
  rig.session().finish_error("code", "no such code!", std::string(3000, 'y'));
  rig.run(100);
  CHECK(text_field(rig.result("large"), "code") == "result_too_large");
  CHECK(text_field(rig.result("huge"), "code") == "result_too_large");
  CHECK(text_field(rig.result("bad"), "code") == "bad_result");
  CHECK(text_field(rig.result("code"), "code") == "failed");
}

TEST_CASE("a store that fails: a command whose id cannot be stored does not run, a result says so") {
  ReadyRig rig;
  rig.store.failing_writes = 1;
  rig.command("c1");
  CHECK(rig.handler.calls.empty());
  CHECK(text_field(rig.result("c1"), "code") == "not_stored");
  rig.command("c2");
  rig.store.failing_writes = 1;
  rig.session().finish_ok("c2", "");
  rig.run(20);
  CHECK(text_field(rig.result("c2"), "code") == "not_stored");
  rig.command("c2");
  CHECK(rig.handler.calls.size() == 1);
  CHECK(rig.session().commands().unfinished() == 0);
}

TEST_CASE("[C-15] an interrupted command is told as such although that cannot be stored") {
  ReadyRig rig;
  rig.command("c1");
  rig.reboot();
  rig.configure();
  rig.store.failing_writes = 1;
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(text_field(rig.result("c1"), "code") == "interrupted");
  CHECK(rig.handler.calls.size() == 1);
}

TEST_CASE("[A-12] news that come too fast are merged: the latest is sent, four times a second") {
  ReadyRig rig;
  rig.command("c1");
  for (int i = 0; i < 100; i++) {
    rig.session().progress("c1", i, "step");
    rig.run(20);
  }
  CHECK(rig.count_sent("progress") <= 9);
  CHECK(rig.count_sent("progress") >= 7);
  CHECK(number_field(rig.last_sent("progress"), "percent") > 80);
  rig.session().finish_ok("c1", "");
  rig.run(1000);
  CHECK(type_of(rig.transport.sent.back()) == "result");
}

TEST_CASE("[A-12] a flood of repeats stays below the rate that would end the session") {
  ReadyRig rig;
  rig.command("c1");
  const size_t before = rig.transport.sent.size();
  for (int second = 0; second < 10; second++) {
    for (int i = 0; i < 100; i++) {
      rig.transport.text(rig.gateway.waiting["c1"]);
      rig.run(10, 10);
    }
  }
  CHECK(rig.transport.sent.size() - before <= 200 + 10 * 50);
  CHECK(rig.transport.sent.size() - before >= 400);
}
