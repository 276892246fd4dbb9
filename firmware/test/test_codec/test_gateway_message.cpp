#include <doctest/doctest.h>

#include <string>

#include "fairlead/gateway_message.hpp"
#include "fairlead/limits.hpp"

using namespace fairlead;

namespace {

const std::string kLimits =
    "{\"frame_bytes\":1,\"payload_bytes\":2,\"points\":3,\"window_messages\":4,\"window_bytes\":5,\"messages_per_s\":6,"
    "\"burst\":7,\"ping_interval_ms\":8,\"pong_timeout_ms\":9}";

struct Outcome {
  ParseResult result;
  GatewayMessage message;
  std::string shown() const {
    return std::string(problem_text(result.problem)) + (result.field[0] != '\0' ? ":" : "") + result.field;
  }
};

Outcome parsed(const std::string& text) {
  Outcome outcome;
  outcome.result = parse_gateway_message(bytes_of(text), outcome.message);
  return outcome;
}

std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
}

}  // namespace

TEST_CASE("of a key that stands twice the last counts [M-4]") {
  const Outcome ack = parsed("{\"type\":\"bye\",\"seq\":\"x\",\"type\":\"ack\",\"seq\":7,\"seq\":8}");
  CHECK(ack.shown() == "none");
  CHECK(ack.message.type == GatewayMessageType::Ack);
  CHECK(ack.message.seq == 8);
  CHECK(parsed("{\"type\":\"ack\",\"seq\":8,\"seq\":null}").shown() == "wrong_type:seq");
}

TEST_CASE("keys and words are the same with escapes") {
  const Outcome ack = parsed("{\"t\\u0079pe\":\"\\u0061ck\",\"s\\u0065q\":3}");
  CHECK(ack.shown() == "none");
  CHECK(ack.message.seq == 3);
  CHECK(parsed("{\"type\":\"ac\\ud800\"}").shown() == "unknown_type");
  CHECK(parsed("{\"\\ud800type\":\"ack\"}").shown() == "no_type");
}

TEST_CASE("unknown fields are passed over, whatever they hold [M-4]") {
  CHECK(parsed("{\"__proto__\":{\"seq\":1},\"type\":\"ack\",\"x\":[{\"seq\":2}],\"seq\":4,\"y\":\"\\ud800\",\"z\":1e999}").message.seq == 4);
  CHECK(parsed("{\"type\":\"ack\",\"seq\":4,\"x\":" + nested(15) + "}").shown() == "none");
}

TEST_CASE("what is nested beyond the depth of a frame is refused, with the field") {
  CHECK(parsed("{\"type\":\"desired\",\"version\":1,\"state\":{\"a\":" + nested(99) + "}}").shown() == "too_deep:state");
  CHECK(parsed("{\"type\":\"command\",\"params\":" + nested(16) + "}").shown() == "too_deep:params");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":4,\"x\":" + nested(16) + "}").shown() == "too_deep");
  CHECK(parsed(nested(99)).shown() == "not_object");
}

TEST_CASE("a frame that is no JSON to its end is not_json, whatever stands before") {
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1}x").shown() == "not_json");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":0,\"x\":tru}").shown() == "not_json");
  CHECK(parsed("[1,").shown() == "not_json");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":01}").shown() == "not_json");
  CHECK(parsed("{\"type\":\"desired\",\"state\":{\"a\":}}").shown() == "not_json");
  CHECK(parsed("null x").shown() == "not_json");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1,\"x\":\"\xff\"}").shown() == "not_json");
  CHECK(parsed(std::string("{\"type\":\"ack\",\"seq\":1}\0", 23)).shown() == "not_json");
}

TEST_CASE("a whole number is one by value [M-5]") {
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1.8e1}").message.seq == 18);
  CHECK(parsed("{\"type\":\"ack\",\"seq\":4294967295.0}").message.seq == limits::kSeqMax);
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1.5}").shown() == "out_of_range:seq");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1e400}").shown() == "out_of_range:seq");
  CHECK(parsed("{\"type\":\"ack\",\"seq\":-0}").shown() == "out_of_range:seq");
  CHECK(parsed("{\"type\":\"desired\",\"version\":-0.0,\"state\":{}}").shown() == "none");
  CHECK(parsed("{\"type\":\"desired\",\"version\":9007199254740991,\"state\":{}}").message.version == limits::kWholeNumberMax);
  CHECK(parsed("{\"type\":\"desired\",\"version\":9007199254740992,\"state\":{}}").shown() == "out_of_range:version");
}

TEST_CASE("a text is measured in bytes without its escapes, and cut between characters where it does not fit") {
  const auto bye = [](const std::string& reason) {
    return parsed("{\"type\":\"bye\",\"code\":1012,\"reason\":\"" + reason + "\",\"reconnect\":true,\"retry_after_ms\":1}");
  };
  CHECK(bye(std::string(1024, 'r')).shown() == "none");
  CHECK(std::string(bye(std::string(1024, 'r')).message.reason) == std::string(95, 'r'));
  CHECK(bye(std::string(1025, 'r')).shown() == "too_long:reason");
  std::string many;
  for (int i = 0; i < 1024; i++) many += "\\u0041";
  CHECK(bye(many).shown() == "none");
  CHECK(std::string(bye(std::string(94, 'r') + "\xc3\xbc").message.reason) == std::string(94, 'r'));
  CHECK(bye(std::string(100, 'r') + "\\udc00").shown() == "bad_text:reason");
}

TEST_CASE("names are checked without their escapes") {
  CHECK(std::string(parsed("{\"type\":\"cancel\",\"id\":\"c\\u0031\"}").message.id) == "c1");
  CHECK(std::string(parsed("{\"type\":\"cancel\",\"id\":\"" + std::string(64, 'c') + "\"}").message.id).size() == 64);
  CHECK(parsed("{\"type\":\"cancel\",\"id\":\"" + std::string(65, 'c') + "\"}").shown() == "bad_name:id");
  CHECK(parsed("{\"type\":\"cancel\",\"id\":\"c\\u0000\"}").shown() == "bad_name:id");
  CHECK(parsed("{\"type\":\"cancel\",\"id\":\"\\ud800\"}").shown() == "bad_name:id");
  CHECK(std::string(parsed("{\"type\":\"ack\",\"seq\":1,\"boot\":\"" + std::string(32, 'b') + "\"}").message.boot).size() == 32);
  CHECK(parsed("{\"type\":\"ack\",\"seq\":1,\"boot\":\"" + std::string(33, 'b') + "\"}").shown() == "bad_name:boot");
  CHECK(parsed("{\"type\":\"cancel\",\"id\":7}").shown() == "wrong_type:id");
}

TEST_CASE("params and state are raw JSON in the frame") {
  const std::string text = "{ \"params\" : { \"a\" : [1, 2] } , \"type\":\"command\",\"id\":\"c\",\"name\":\"n\",\"expires_in_ms\":5}";
  CHECK(parsed(text).message.json == "{ \"a\" : [1, 2] }");
  CHECK(parsed("{\"type\":\"desired\",\"version\":1,\"state\":{\"a\":\"\\ud800\"}}").shown() == "bad_text:state");
  CHECK(parsed("{\"type\":\"desired\",\"version\":1,\"state\":{\"a\":-1e400}}").shown() == "out_of_range:state");
}

TEST_CASE("a token is visible ASCII: it goes into a header as it is [K-3]") {
  const auto token = [](const std::string& text) { return parsed("{\"type\":\"token\",\"token_id\":\"t\",\"token\":\"" + text + "\"}"); };
  CHECK(token(std::string(2048, 'x')).message.token.size() == 2048);
  CHECK(token(std::string(2049, 'x')).shown() == "too_long:token");
  for (const char* bad : {"", "a b", "a\\r\\nHost: x", "a\\u0041", "\xc3\xbc", "\\ud800"}) CHECK(token(bad).shown() == "bad_text:token");
}

TEST_CASE("limits are the ones of the session; one over 32 bit is as good as none [L-1]") {
  const std::string head = "{\"type\":\"welcome\",\"session\":1,\"now\":2,\"limits\":";
  const Outcome welcome = parsed(head + kLimits + "}");
  CHECK(welcome.shown() == "none");
  CHECK_FALSE(welcome.message.has_acked);
  const SessionLimits& l = welcome.message.limits;
  CHECK(l.frame_bytes * 100000000u + l.payload_bytes * 10000000u + l.points * 1000000u + l.window_messages * 100000u +
            l.window_bytes * 10000u + l.messages_per_s * 1000u + l.burst * 100u + l.ping_interval_ms * 10u + l.pong_timeout_ms ==
        123456789u);
  std::string large = kLimits;
  large.replace(large.find(":1,"), 2, ":9007199254740991");
  CHECK(parsed(head + large + "}").message.limits.frame_bytes == UINT32_MAX);
  std::string deep = kLimits;
  deep.insert(1, "\"x\":" + nested(8) + ",");
  CHECK(parsed(head + deep + "}").shown() == "too_deep:limits");
}

TEST_CASE("a message does not keep what the one before it held") {
  GatewayMessage message;
  const std::string nack = "{\"type\":\"nack\",\"seq\":1,\"boot\":\"b\",\"code\":\"malformed\",\"reason\":\"r\"}";
  const std::string ack = "{\"type\":\"ack\",\"seq\":2}";
  CHECK(parse_gateway_message(bytes_of(nack), message).ok());
  CHECK(parse_gateway_message(bytes_of(ack), message).ok());
  CHECK_FALSE(message.has_boot);
  CHECK(message.reason[0] == '\0');
}

TEST_CASE("problems and states have the words of the protocol") {
  CHECK(std::string(problem_text(Problem::TooDeep)) == "too_deep");
  CHECK(std::string(problem_text(Problem::UnknownKind)) == "unknown_kind");
}
