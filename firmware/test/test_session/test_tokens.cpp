#include <doctest/doctest.h>

#include "fairlead/sha256.hpp"
#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

constexpr char kNewToken[] = R"({"type":"token","token_id":"b","token":"token-b"})";

std::string digest(const std::string& text) {
  char hex[kSha256HexBytes];
  sha256_hex(bytes_of(text), hex);
  return hex;
}

void reconnect(SessionRig& rig) {
  rig.transport.end();
  rig.run(40);
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 1000000));
}

}  // namespace

TEST_CASE("[K-7] [K-8] a new token is stored, its digest told, and it is used from the next connect on") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(kNewToken);
  rig.run(40);
  REQUIRE(rig.gateway.tokens_stored.size() == 1);
  CHECK(text_field(rig.gateway.tokens_stored[0], "token_id") == "b");
  CHECK(text_field(rig.gateway.tokens_stored[0], "sha256") == digest("token-b"));
  CHECK(rig.is_ready());
  reconnect(rig);
  CHECK(rig.transport.authorization == "Bearer token-b");
  CHECK_FALSE(rig.boot->tokens.current_is_candidate());  // its first welcome confirmed it
  reconnect(rig);
  CHECK(rig.transport.authorization == "Bearer token-b");
}

TEST_CASE("a new token that is refused falls back to the old one, which is not lost") {
  SessionRig rig;
  rig.gateway.good_token = "token-a";
  REQUIRE(rig.make_ready());
  rig.transport.text(kNewToken);
  rig.run(40);
  const int opens = rig.transport.opens;
  rig.stay(61000);
  rig.transport.end();
  rig.run(40);
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 15000));  // at once: no wait of minutes
  CHECK(rig.transport.opens == opens + 2);
  CHECK(rig.transport.authorization == "Bearer token-a");
  reconnect(rig);
  CHECK(rig.transport.authorization == "Bearer token-a");
}

TEST_CASE("[H-13] when both tokens are refused it waits 5 to 15 minutes, tries both again, and erases none") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(kNewToken);
  rig.run(40);
  reconnect(rig);
  rig.gateway.good_token = "none of them";
  rig.transport.end();
  const int opens = rig.transport.opens;
  REQUIRE(rig.run_until([&] { return rig.transport.opens == opens + 2 && !rig.transport.is_open; }, 15000));
  CHECK(rig.session().retry_at_ms() >= rig.clock.now_ms + 299000);
  CHECK(rig.session().retry_at_ms() <= rig.clock.now_ms + 900000);
  rig.run(3 * 3600000, 1000);
  CHECK(rig.system.restarts == 0);  // a refusal is an answer
  rig.gateway.good_token = "token-a";
  CHECK(rig.run_until([&] { return rig.is_ready(); }, 1000000, 100));
  CHECK(rig.transport.violations == 0);
}

TEST_CASE("a token that cannot be stored is not confirmed, and the old one goes on") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.store.failing_writes = 1;
  rig.transport.text(kNewToken);
  rig.run(40);
  CHECK(rig.gateway.tokens_stored.empty());
  CHECK(rig.session().counters().tokens_not_stored == 1);
  rig.store.failing_writes = 0;
  reconnect(rig);
  CHECK(rig.transport.authorization == "Bearer token-a");
}

TEST_CASE("[K-8] a confirmation that found no session is not sent in the next one, which shows the token itself") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(kNewToken);
  rig.transport.end();
  rig.run(40);
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.transport.authorization == "Bearer token-b");
  CHECK(rig.gateway.tokens_stored.empty());
}

TEST_CASE("a reboot between token and first use loses neither") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(kNewToken);
  rig.run(40);
  rig.reboot();
  rig.configure();
  rig.gateway.good_token = "token-a";  // the gateway never read the confirmation
  CHECK(rig.make_ready());
  rig.gateway.good_token = "";
  rig.transport.text(kNewToken);
  rig.run(40);
  CHECK(rig.gateway.tokens_stored.size() == 2);
}

TEST_CASE("[K-10] a session that only rotates: the new token is confirmed before anything else is said") {
  SessionRig rig;
  rig.gateway.rotates_only = true;
  rig.push("\"waiting\":1");
  rig.gateway.command("c1", "valve.open");
  CHECK(rig.run_until([&] { return rig.session().last_bye_code() == 4001; }, 40000));  // it could not know
  REQUIRE(rig.run_until([&] { return rig.session().state() == SessionState::Backoff; }, 40000));
  REQUIRE(rig.make_ready());
  rig.run(1000);
  CHECK(rig.is_ready());
  CHECK(rig.gateway.published.empty());
  rig.transport.text(R"({"type":"token","token_id":"t2","token":"token-b"})");
  rig.run(100);
  CHECK(rig.gateway.tokens_stored.size() == 1);
  CHECK(rig.gateway.published.size() == 1);
  CHECK(rig.gateway.session == 2);
}

TEST_CASE("[K-10] a token that does not come holds the records for seconds, and only in that session") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.gateway.bye(4001, 1000);
  rig.transport.end();
  rig.run(100);
  rig.push("\"waiting\":1");
  REQUIRE(rig.make_ready());
  rig.run(4500);
  CHECK(rig.gateway.published.empty());
  rig.run(1000);
  CHECK(rig.gateway.published.size() == 1);
}
