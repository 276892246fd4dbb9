#include <doctest/doctest.h>

#include "fairlead/retry_policy.hpp"
#include "test_vectors/vector_files.hpp"

using namespace fairlead;
using nlohmann::json;

namespace {

/** The draw that the vector names. */
struct FixedEntropy final : Entropy {
  explicit FixedEntropy(uint32_t draw) : draw(draw) {}
  uint32_t u32() override { return draw; }
  uint32_t draw;
};

RetryHistory history_of(const json& attempts) {
  RetryHistory history;
  history.failures = attempts.at("failures");
  history.busy = attempts.at("busy");
  history.other_token_tried = attempts.at("other_token_tried");
  return history;
}

json wire_form(const RetryHistory& history) {
  return {{"failures", history.failures}, {"busy", history.busy}, {"other_token_tried", history.other_token_tried}};
}

Ending ending_of(const json& wire) {
  const std::string kind = wire.at("kind");
  Ending ending;
  if (kind == "unreachable") ending.closed.fail = OpenFail::Tcp;
  if (kind == "refused") {
    ending.closed.fail = OpenFail::Http;
    ending.closed.http_status = wire.at("status");
    ending.closed.retry_after_ms = wire.value("retry_after_ms", 0u);
  }
  if (!wire.contains("stable")) return ending;
  ending.was_opened = ending.was_ready = true;
  ending.ready_ms = wire.at("stable").get<bool>() ? kStableMs : kStableMs - 1;
  if (kind == "closed") ending.closed.close_code = wire.at("code");
  if (kind == "bye") ending.bye = {true, wire.at("code"), wire.at("reconnect"), wire.at("retry_after_ms")};
  return ending;
}

struct Outcome {
  uint64_t delay_ms;
  bool use_other_token;
  json attempts;
};

Outcome run(const json& one, uint32_t draw) {
  FixedEntropy entropy(draw);
  const json& wire = one.at("ending");
  if (wire.at("kind") == "start") {
    RetryPolicy policy(entropy);
    const auto reason = wire.at("lost_power").get<bool>() ? ResetReason::PowerOn : ResetReason::Software;
    const uint64_t delay_ms = policy.first_delay_ms(reason);
    return {delay_ms, false, wire_form(policy.history())};
  }
  RetryHistory history = history_of(one.at("attempts"));
  const RetryPlan plan = RetryPolicy::decide(ending_of(wire), one.at("other_token"), history, entropy);
  return {plan.delay_ms, plan.action == RetryAction::UseOtherToken, wire_form(history)};
}

}  // namespace

TEST_CASE("each vector of coming back has exactly its wait, its token and its next attempts [X-5] [X-6] [H-13]") {
  for (const json& one : vector_cases("reconnect")) {
    INFO(one.at("name").get<std::string>() << " [" << one.at("clause").get<std::string>() << "]");
    const json& expect = one.at("expect");
    for (const json& drawn : expect.at("delays")) {
      const Outcome outcome = run(one, drawn.at(0));
      CHECK(outcome.delay_ms == drawn.at(1).get<uint64_t>());
      CHECK(outcome.use_other_token == expect.at("use_other_token").get<bool>());
      CHECK(outcome.attempts == expect.at("attempts"));
    }
  }
}
