#include <doctest/doctest.h>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

TEST_CASE("[A-2] never more than the window of this session is unacknowledged") {
  SessionRig rig;
  rig.gateway.window_messages = 5;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 20; i++) rig.push(R"("n":1)");
  rig.run(1000);
  CHECK(rig.gateway.unacknowledged() == 5);
  rig.gateway.acknowledge();
  rig.run(1000);
  CHECK(rig.gateway.unacknowledged() == 5);
  CHECK(rig.gateway.published.size() == 10);
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("[A-2] the window counts bytes too, and one record that is larger than all of it may go alone") {
  SessionRig rig;
  rig.gateway.window_bytes = 200;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  rig.push("\"text\":\"" + std::string(300, 'x') + "\"");
  rig.push(R"("n":1)");
  rig.run(200);
  CHECK(rig.gateway.unacknowledged() == 1);
  rig.gateway.acknowledge();
  for (int i = 0; i < 5; i++) rig.push(R"("n":2)");
  rig.run(200);
  CHECK(rig.gateway.unacknowledged() >= 2);
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("[S-12] [A-11] what is not acknowledged is sent again in the next session, in its old order") {
  SessionRig rig;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 3; i++) rig.push("\"n\":" + std::to_string(i));
  rig.run(100);
  rig.transport.end();
  rig.push(R"("n":3)");
  rig.gateway.acknowledges = true;
  rig.gateway.tells_acked = false;
  rig.run(100);
  REQUIRE(rig.make_ready());
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 4);
  for (size_t i = 0; i < 4; i++) CHECK(rig.gateway.published[i].seq == i + 1);
  CHECK(rig.gateway.repeats == 3);
  CHECK(rig.outbox().unacknowledged() == 0);
}

TEST_CASE("[S-14] what welcome names as acked is not sent again") {
  SessionRig rig;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 3; i++) rig.push(R"("n":1)");
  rig.run(100);
  rig.gateway.acknowledges = true;
  rig.transport.end();
  rig.run(100);
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.gateway.repeats == 0);
  CHECK(rig.outbox().unacknowledged() == 0);
}

TEST_CASE("[A-3] an ack is cumulative, and one of another boot leaves the records of this one alone") {
  SessionRig rig;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 4; i++) rig.push(R"("n":1)");
  rig.run(100);
  rig.transport.text(R"({"type":"ack","seq":9,"boot":"another"})");
  rig.run(100);
  CHECK(rig.outbox().unacknowledged() == 4);
  rig.transport.text(R"({"type":"ack","seq":3})");
  rig.run(100);
  CHECK(rig.outbox().unacknowledged() == 1);
}

TEST_CASE("[A-7] a nack ends its record for good, and leaves room in the window") {
  SessionRig rig;
  rig.gateway.acknowledges = false;
  rig.gateway.window_messages = 2;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 3; i++) rig.push(R"("n":1)");
  rig.run(100);
  CHECK(rig.gateway.unacknowledged() == 2);
  rig.transport.text(R"({"type":"nack","seq":1,"code":"malformed","reason":"test"})");
  rig.transport.text(R"({"type":"nack","seq":2,"code":"malformed","reason":"test"})");
  rig.gateway.forget_unacknowledged(2);
  rig.run(100);
  CHECK(rig.gateway.published.size() == 3);
  CHECK(rig.outbox().unacknowledged() == 1);
  CHECK(rig.session().counters().records_refused == 2);
}

TEST_CASE("[L-1] a record that is over the limits of this session is refused here and holds nobody up") {
  SessionRig rig;
  rig.push("\"text\":\"" + std::string(400, 'x') + "\"");
  rig.push(R"("n":2)");
  rig.gateway.payload_bytes = 200;
  REQUIRE(rig.make_ready());
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 1);
  CHECK(rig.gateway.published[0].seq == 2);
  CHECK(rig.session().counters().records_refused == 1);
  CHECK(rig.outbox().unacknowledged() == 0);
  uint32_t seq = 0;
  CHECK(rig.outbox().push_telemetry(RecordClass::Stream, "", "\"text\":\"" + std::string(400, 'x') + "\"", seq) ==
        Status::TooLarge);
}

TEST_CASE("[T-2] a record carries its age before the time is known, and its time afterwards") {
  SessionRig rig;
  rig.gateway.now_ms = 1000;  // no clock
  rig.push(R"("n":1)");
  rig.run(500, 100);
  REQUIRE(rig.make_ready());
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 1);
  CHECK(number_field(rig.gateway.published[0].frame, "age_ms") >= 400);
  rig.gateway.now_ms = 1767225600000;
  rig.transport.end();
  rig.run(100);
  REQUIRE(rig.make_ready());
  rig.push(R"("n":2)");
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 2);
  CHECK(number_field(rig.gateway.published[1].frame, "ts") / 100000 == rig.gateway.now_ms / 100000);
}

TEST_CASE("[T-6] events share the sequence and the order of telemetry") {
  SessionRig rig;
  rig.push(R"("n":1)");
  uint32_t seq = 0;
  REQUIRE(rig.outbox().push_event("door", R"({"by":"key"})", seq) == Status::Ok);
  rig.push(R"("n":2)");
  REQUIRE(rig.make_ready());
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 3);
  CHECK(type_of(rig.gateway.published[1].frame) == "event");
  CHECK(text_field(rig.gateway.published[1].frame, "name") == "door");
}

TEST_CASE("[A-10] a gateway that withholds its acknowledgements is waited for, not left") {
  SessionRig rig;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  rig.push(R"("n":1)");
  rig.stay(600000);
  CHECK(rig.is_ready());
  CHECK(rig.transport.opens == 1);
}

TEST_CASE("a send that fails ends the session: nothing follows half a frame, and nothing is lost") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.sends_until_failure = 1;
  for (int i = 0; i < 4; i++) rig.push(R"("n":1)");
  rig.run(40);
  CHECK_FALSE(rig.is_ready());
  CHECK(rig.transport.ends == 1);
  rig.transport.sends_until_failure = -1;
  REQUIRE(rig.make_ready());
  rig.run(100);
  CHECK(rig.gateway.published.size() == 4);
  CHECK(rig.outbox().unacknowledged() == 0);
  CHECK(rig.transport.violations == 0);
}

TEST_CASE("[M-11] log lines wait for a session while there is room, others are dropped and counted") {
  SessionRig rig;
  for (int i = 0; i < 3; i++) rig.session().log("warn", "line " + std::to_string(i));
  rig.session().log("shout", "no such level");
  for (int i = 0; i < 20; i++) rig.session().log("info", std::string(300, 'x'));
  REQUIRE(rig.make_ready());
  rig.run(100);
  REQUIRE(rig.gateway.logs.size() >= 4);
  CHECK(rig.gateway.logs[0] == R"({"type":"log","level":"warn","text":"line 0"})");
  CHECK(text_field(rig.gateway.logs[3], "text") == std::string(kLogTextKeptBytes, 'x'));
  CHECK(rig.gateway.logs.size() + rig.session().control_frames().logs_dropped() == 24);
}

TEST_CASE("[M-12] settings: the newest are handed on, an older version never, and the latest report is sent") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(R"({"type":"desired","version":7,"state":{"interval_s":30}})");
  rig.transport.text(R"({"type":"desired","version":6,"state":{"interval_s":10}})");
  rig.run(20);
  REQUIRE(rig.handler.desired.size() == 1);
  CHECK(rig.handler.desired[0] == std::pair<uint64_t, std::string>{7, R"({"interval_s":30})"});
  rig.session().report_settings(6, R"({"interval_s":10})");
  rig.session().report_settings(7, R"({"interval_s":30})");
  rig.session().report_settings(8, "{\"text\":\"" + std::string(kReportedKeptBytes, 'x') + "\"}");
  rig.session().report_settings(7, R"({"interval_s":30})");
  rig.run(20);
  REQUIRE(rig.gateway.reported.size() == 1);
  CHECK(rig.gateway.reported[0] == R"({"type":"reported","version":7,"state":{"interval_s":30}})");
  CHECK(rig.session().control_frames().reports_refused() == 1);
}

TEST_CASE("[B-1] a record of a channel is a binary frame, in its place among the others") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  uint32_t seq = 0;
  rig.push("\"a\":1");
  const std::string payload("\xff\xd8\x00", 3);
  CHECK(rig.outbox().push_channel(RecordClass::Stream, "cam", bytes_of(payload), seq) == Status::Ok);
  rig.push("\"a\":3");
  rig.run(100);
  REQUIRE(rig.gateway.published.size() == 3);
  CHECK(rig.gateway.published[1].frame == std::string("\x01\0\0\0\x02\x03" "cam", 9) + payload);
  CHECK(rig.outbox().unacknowledged() == 0);
  CHECK(rig.gateway.violations == 0);
  CHECK(rig.transport.violations == 0);
}

TEST_CASE("[L-28] settings with a version that cannot be are not reported") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.session().report_settings(limits::kReportedVersionMax + 1, "{}");
  rig.run(100);
  CHECK(rig.gateway.reported.empty());
  CHECK(rig.session().control_frames().reports_refused() == 1);
  rig.session().report_settings(limits::kReportedVersionMax, "{}");
  rig.run(100);
  CHECK(rig.gateway.reported.size() == 1);
}
