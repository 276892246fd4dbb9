#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "fairlead_esp32/console.hpp"
#include "fairlead_esp32/ota_trial.hpp"

using namespace fairlead;

namespace {

const std::string kPem = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";

struct Desk : ConsoleSink {
  struct Run {
    ConsoleKind kind;
    std::string a, b;
    uint16_t port;
  };
  void run(const ConsoleCommand& command) override {
    runs.push_back({command.kind, std::string(command.a), std::string(command.b), command.port});
  }
  void say(std::string_view line) override { said.emplace_back(line); }
  void type(const std::string& text) {
    for (const char byte : text) {
      console.tick(now_ms);
      console.feed(byte, now_ms);
    }
    console.tick(now_ms);
  }
  void wait(uint64_t ms) {
    now_ms += ms;
    console.tick(now_ms);
  }
  Console console{*this};
  uint64_t now_ms = 5000;
  std::vector<Run> runs;
  std::vector<std::string> said;
};

}  // namespace

TEST_CASE("wifi takes a network with and without a password, and quotes") {
  struct Row {
    const char* line;
    const char* ssid;
    const char* password;
  };
  for (const Row& row : {Row{"wifi home secret123", "home", "secret123"}, Row{"wifi cafe", "cafe", ""},
                         Row{"  wifi   home \t secret123  ", "home", "secret123"},
                         Row{"wifi \"my net\" \"pass word\"", "my net", "pass word"},
                         Row{"wifi \"a\\\"b\\\\c\" x", "a\"b\\c", "x"}, Row{"wifi a\"b x", "a\"b", "x"}}) {
    Desk desk;
    desk.type(std::string(row.line) + "\n");
    REQUIRE(desk.runs.size() == 1);
    CHECK(desk.runs[0].kind == ConsoleKind::Wifi);
    CHECK(desk.runs[0].a == row.ssid);
    CHECK(desk.runs[0].b == row.password);
  }
}

TEST_CASE("gateway has a port of its own or the usual one") {
  Desk desk;
  desk.type("gateway gw.local\r\ngateway 10.0.0.2 443\r\n");
  REQUIRE(desk.runs.size() == 2);
  CHECK(desk.runs[0].a == "gw.local");
  CHECK(desk.runs[0].port == kDefaultPort);
  CHECK(desk.runs[1].port == 443);
}

TEST_CASE("what is wrong runs nothing, and its words are not repeated: they may be a secret") {
  for (const char* line : {"wifi", "wifi a b hunter2", "wifi \"a hunter2", "wifi \"a\"b hunter2", "gateway", "gateway h 0",
                           "gateway h 65536", "gateway h 8443 x", "gateway h -1", "gateway h hunter2", "token",
                           "hunter2", "status hunter2", "restart now", "factory-reset", "factory-reset hunter2", "ca x",
                           "wi\xff hunter2", "\"hunter2"}) {
    CAPTURE(line);
    Desk desk;
    desk.type(std::string(line) + "\n");
    CHECK(desk.runs.empty());
    REQUIRE_FALSE(desk.said.empty());
    for (const std::string& said : desk.said) CHECK(said.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("nothing is echoed") {
  Desk desk;
  desk.type("wifi home hunter2222\ntoken abc.def\nca\n" + kPem + kPem);
  CHECK(desk.runs.size() == 3);
  for (const std::string& said : desk.said) {
    CHECK(said.find("hunter2222") == std::string::npos);
    CHECK(said.find("abc.def") == std::string::npos);
    CHECK(said.find("AAAA") == std::string::npos);
  }
}

TEST_CASE("the plain commands") {
  Desk desk;
  desk.type("status\nrestart\nhelp\nfactory-reset yes\ntoken eyJ.x.y\n\n\n");
  REQUIRE(desk.runs.size() == 5);
  CHECK(desk.runs[0].kind == ConsoleKind::Status);
  CHECK(desk.runs[1].kind == ConsoleKind::Restart);
  CHECK(desk.runs[2].kind == ConsoleKind::Help);
  CHECK(desk.runs[3].kind == ConsoleKind::FactoryReset);
  CHECK(desk.runs[4].kind == ConsoleKind::Token);
  CHECK(desk.runs[4].a == "eyJ.x.y");
}

TEST_CASE("backspace and Ctrl-C mend a line") {
  Desk desk;
  desk.type("statux\b\x7fus\nrestart\x03status\n\b\b");
  REQUIRE(desk.runs.size() == 2);
  CHECK(desk.runs[0].kind == ConsoleKind::Status);
  CHECK(desk.runs[1].kind == ConsoleKind::Status);
}

TEST_CASE("ca reads one certificate and is done when nothing follows") {
  Desk desk;
  desk.type("ca\n" + kPem);
  CHECK(desk.runs.empty());
  desk.wait(kCaSecondWaitMs - 1);
  CHECK(desk.runs.empty());
  desk.wait(1);
  REQUIRE(desk.runs.size() == 1);
  CHECK(desk.runs[0].kind == ConsoleKind::Ca);
  CHECK(desk.runs[0].a == kPem);
  CHECK_FALSE(desk.console.reading_ca());
}

TEST_CASE("ca reads two certificates, with a blank line between or without, and then takes commands again") {
  for (const char* between : {"", "\r\n", "  \n\n"}) {
    Desk desk;
    desk.type("ca\n" + kPem + between + kPem + "status\n");
    REQUIRE(desk.runs.size() == 2);
    CHECK(desk.runs[0].a == kPem + kPem);
    CHECK(desk.runs[1].kind == ConsoleKind::Status);
  }
}

TEST_CASE("a command right behind the first certificate runs after it") {
  Desk desk;
  desk.type("ca\n" + kPem + "token abc\nstatus\n");
  REQUIRE(desk.runs.size() == 3);
  CHECK(desk.runs[0].a == kPem);
  CHECK(desk.runs[1].kind == ConsoleKind::Token);
  CHECK(desk.runs[1].a == "abc");
  CHECK(desk.runs[2].kind == ConsoleKind::Status);
}

TEST_CASE("a CA that is too long, stops in the middle or is cancelled stores nothing") {
  Desk desk;
  SUBCASE("too long") {
    desk.type("ca\n-----BEGIN CERTIFICATE-----\n");
    for (int line = 0; line < 100; ++line) desk.type(std::string(64, 'A') + "\n");
    desk.type("-----END CERTIFICATE-----\n");
  }
  SUBCASE("one endless line") { desk.type("ca\n" + std::string(9000, 'A') + "\n-----END CERTIFICATE-----\n"); }
  SUBCASE("stops") {
    desk.type("ca\n-----BEGIN CERTIFICATE-----\nAAA");
    desk.wait(kCaIdleMs);
  }
  SUBCASE("cancelled") { desk.type("ca\n-----BEGIN CERTIFICATE-----\nAAA\n\x03"); }
  CHECK(desk.runs.empty());
  CHECK_FALSE(desk.console.reading_ca());
  desk.type("status\n");
  REQUIRE(desk.runs.size() == 1);
  CHECK(desk.runs[0].kind == ConsoleKind::Status);
}

TEST_CASE("a line that is too long is dropped as a whole") {
  Desk desk;
  desk.type("token " + std::string(5000, 'x') + "\nstatus\n");
  REQUIRE(desk.runs.size() == 1);
  CHECK(desk.runs[0].kind == ConsoleKind::Status);
}

TEST_CASE("random bytes neither break it nor set anything") {
  std::mt19937 random(3);
  Desk desk;
  for (int at = 0; at < 200000; ++at) {
    desk.type(std::string(1, static_cast<char>(random())));
    if (random() % 100 == 0) desk.wait(random() % 2000);
  }
  CHECK(desk.runs.empty());
}

TEST_CASE("a new image is kept after 60 s ready, and given up after ten minutes of link without") {
  TrialRule rule;
  uint64_t now = 1000;
  const auto run = [&](bool link, bool ready, uint64_t ms) {
    TrialVerdict verdict = TrialVerdict::Wait;
    for (const uint64_t end = now + ms; now < end && verdict == TrialVerdict::Wait; now += 100) {
      verdict = rule.check(link, ready, now);
    }
    return verdict;
  };
  SUBCASE("kept") {
    CHECK(run(true, false, 500000) == TrialVerdict::Wait);
    CHECK(run(true, true, 59000) == TrialVerdict::Wait);
    CHECK(run(true, true, 2000) == TrialVerdict::Keep);
  }
  SUBCASE("a session that comes and goes proves nothing") {
    for (int round = 0; round < 9; ++round) {
      CHECK(run(true, true, 30000) == TrialVerdict::Wait);
      CHECK(run(true, false, 30000) == TrialVerdict::Wait);
    }
    CHECK(run(true, false, 120000) == TrialVerdict::RollBack);
  }
  SUBCASE("an outage of the network is not its fault") {
    CHECK(run(false, false, 50 * 60 * 1000) == TrialVerdict::Wait);
    CHECK(run(true, true, 61000) == TrialVerdict::Keep);
  }
  SUBCASE("but not for ever") { CHECK(run(false, false, 61 * 60 * 1000) == TrialVerdict::RollBack); }
}
