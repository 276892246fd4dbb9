#include <doctest/doctest.h>

#include "recording_uplink.hpp"

using namespace fairlead;
using namespace fairlead::test;
using Lines = std::vector<std::string>;

namespace {

int runs = 0;
std::string last_id, cancelled_id;

CommandResult set_valve(const Arguments& arguments) {
  ++runs;
  char label[9] = "";
  const bool labelled = arguments.text("label", label, sizeof label);
  CommandResult result = ok("percent", arguments.number("percent")).with("on", arguments.flag("on", true));
  if (labelled) result.with("label", label);
  return result;
}
CommandResult refuse(const Arguments&) { return fail("stuck", "valve did not move"); }
CommandResult slow(const Arguments& arguments) {
  last_id = std::string(arguments.id());
  return later();
}
CommandResult boast(const Arguments&) {
  CommandResult result = ok();
  for (int at = 0; at < 40; ++at) result.with("counter", 1000000 + at);
  return result;
}

struct Rig : ClientRig {
  Command valve{client, "valve.open", set_valve, {number("percent", 0, 100), flag("on").optional(), text("label", 8).optional()}};
  Command stuck{client, "stuck", refuse};
  Command slow_one{client, "slow", slow};
  Command big{client, "big", boast};
  Rig() {
    runs = 0;
    REQUIRE(start() == Status::Ok);
  }
};

}  // namespace

TEST_CASE("a command runs in the sketch's turn and answers with its data") {
  Rig rig;
  rig.command("c1", "valve.open", "{\"percent\":40}");
  rig.net.turn();
  CHECK(runs == 0);
  rig.run();
  CHECK(rig.take_lines() == Lines{"ok c1 {\"percent\":40,\"on\":true}"});
  rig.command("c2", "valve.open", "{\"percent\":1,\"percent\":2.5,\"on\":false,\"label\":\"caf\\u00e9\",\"more\":[1,{}]}");
  rig.run();
  CHECK(rig.take_lines() == Lines{"ok c2 {\"percent\":2.5,\"on\":false,\"label\":\"caf\xC3\xA9\"}"});
  rig.command("c3", "stuck");
  rig.run();
  CHECK(rig.take_lines() == Lines{"failed c3 stuck valve did not move"});
}

TEST_CASE("parameters that are not as declared never reach the handler") {
  for (const char* params : {"{}", "{\"percent\":\"40\"}", "{\"percent\":101}", "{\"percent\":-1}", "{\"percent\":null}"}) {
    CAPTURE(params);
    Rig rig;
    rig.command("c1", "valve.open", params);
    rig.run();
    CHECK(rig.take_lines() == Lines{"failed c1 bad_parameter percent"});
    CHECK(runs == 0);
  }
  Rig rig;
  rig.command("c1", "valve.open", "{\"percent\":1,\"label\":\"nine bytes\"}");
  rig.command("c2", "valve.open", "{\"percent\":1,\"on\":1}");
  rig.run();
  CHECK(rig.take_lines() == Lines{"failed c1 bad_parameter label", "failed c2 bad_parameter on"});
}

TEST_CASE("[C-17] an unknown command is unsupported, [C-13] a late one expired") {
  Rig rig;
  rig.command("c1", "nothing");
  rig.command("c2", "valve.open", "{\"percent\":1}", 1000);
  rig.clock.advance(1001);
  rig.run();
  const Lines lines = rig.take_lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].substr(0, 21) == "failed c1 unsupported");
  CHECK(lines[1].substr(0, 17) == "failed c2 expired");
  CHECK(runs == 0);
  CHECK(rig.client.counters().commands_expired == 1);
}

TEST_CASE("a handler may answer later, with news in between") {
  Rig rig;
  rig.slow_one.on_cancel([](std::string_view id) { cancelled_id = std::string(id); });
  rig.command("c9", "slow");
  rig.run();
  CHECK(rig.take_lines().empty());
  CHECK(rig.client.progress(last_id, 40, "opening"));
  rig.net.on_cancel("c9");
  rig.run();
  CHECK(cancelled_id == "c9");
  CHECK(rig.client.finish(last_id, fail("cancelled", "stopped")));
  rig.run();
  CHECK(rig.take_lines() == Lines{"progress c9 40 opening", "failed c9 cancelled stopped"});
}

TEST_CASE("a result that does not fit says so") {
  Rig rig;
  rig.command("c1", "big");
  rig.run();
  CHECK(rig.take_lines()[0].substr(0, 26) == "failed c1 result_too_large");
}

TEST_CASE("a command waits while its result would find no room, and is not lost") {
  Rig rig;
  while (rig.client.event("flood", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"")) {}
  rig.command("c1", "valve.open", "{\"percent\":3}");
  rig.client.turn();
  CHECK(runs == 0);
  rig.run(500);
  CHECK(runs == 1);
  CHECK(rig.take_lines().back() == "ok c1 {\"percent\":3,\"on\":true}");
}

TEST_CASE("a sketch that takes nothing gets busy answered for it, and its wishes are kept") {
  Rig rig;
  const std::string big = "{\"percent\":1,\"x\":\"" + std::string(2900, 'x') + "\"}";
  for (int at = 0; at < 4; ++at) rig.command(("c" + std::to_string(at)).c_str(), "valve.open", big.c_str());
  const Lines lines = rig.take_lines();
  CHECK(lines.size() == 2);
  CHECK(lines[0].substr(0, 14) == "failed c2 busy");
}

TEST_CASE("restart and sleep say their last words, leave, store, and only then go") {
  Rig rig;
  SUBCASE("restart") { CHECK(rig.client.restart("update")); }
  SUBCASE("sleep") { CHECK(rig.client.leave(600)); }
  rig.run(kLastWordsMs - 10);
  CHECK(rig.take_lines().empty());
  rig.run(20);
  REQUIRE(rig.uplink.lines.size() == 1);
  const bool sleeps = rig.uplink.lines[0] == "leave 600";
  rig.uplink.has_left = true;
  rig.run(20);
  if (sleeps) CHECK(rig.take_lines() == Lines{"leave 600", "flush"});
  else CHECK(rig.take_lines() == Lines{"leave 0", "flush", "restart update"});
  CHECK(rig.client.link().left.load());
}

TEST_CASE("a gateway that does not let go keeps nobody from leaving") {
  Rig rig;
  CHECK(rig.client.leave(600));
  rig.run(kLastWordsMs + kLeaveMaxMs - 50);
  CHECK(rig.take_lines() == Lines{"leave 600"});
  rig.run(100);
  CHECK(rig.take_lines() == Lines{"flush"});
}

TEST_CASE("declarations are checked at start") {
  ClientRig rig;
  SUBCASE("a name of telemetry") {
    Telemetry<float> bad(rig.client, "too hot", every_s(1));
    CHECK(rig.start() == Status::Invalid);
  }
  SUBCASE("a command twice") {
    Command one(rig.client, "go", refuse), two(rig.client, "go", refuse);
    CHECK(rig.start() == Status::Invalid);
    CHECK(std::string(rig.client.problem_name()) == "go");
  }
  SUBCASE("too many parameters") {
    Command bad(rig.client, "go", refuse, {flag("a"), flag("b"), flag("c"), flag("d"), flag("e"), flag("f"), flag("g")});
    CHECK(rig.start() == Status::Invalid);
  }
}
