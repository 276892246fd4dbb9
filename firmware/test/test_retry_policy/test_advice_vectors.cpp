#include <doctest/doctest.h>

#include <algorithm>

#include "fairlead/retry_policy.hpp"
#include "fakes/fake_entropy.hpp"
#include "test_vectors/vector_files.hpp"

using namespace fairlead;

namespace {

struct Range {
  uint64_t low = UINT64_MAX, high = 0;
};

Range drawn(const Ending& ending, const RetryHistory& before) {
  fakes::FakeEntropy entropy(5);
  Range range;
  for (int i = 0; i < 2000; i++) {
    RetryHistory history = before;
    const uint64_t delay_ms = RetryPolicy::decide(ending, false, history, entropy).delay_ms;
    range.low = std::min(range.low, delay_ms);
    range.high = std::max(range.high, delay_ms);
  }
  return range;
}

/** Within, and so near to both ends that it is the whole range. */
void check_range(const Range& range, uint64_t from_ms, uint64_t to_ms) {
  const uint64_t near_ms = (to_ms - from_ms) / 50 + 1;
  CHECK(range.low >= from_ms);
  CHECK(range.high <= to_ms);
  CHECK(range.low <= from_ms + near_ms);
  CHECK(range.high + near_ms >= to_ms);
}

void check_come_back(const Ending& ending, const std::string& come_back, uint64_t hint_ms) {
  if (come_back == "person") check_range(drawn(ending, {}), 300000, 900000);
  if (come_back == "hint") check_range(drawn(ending, {}), hint_ms, hint_ms + hint_ms / 2);
  if (come_back == "backoff") check_range(drawn(ending, {}), ending.bye.retry_after_ms, ending.bye.retry_after_ms + 1000);
  CHECK((come_back == "person" || come_back == "hint" || come_back == "backoff"));
}

}  // namespace

TEST_CASE("each refusal waits as its vector says") {
  for (const auto& one : vector_cases("refusals")) {
    CAPTURE(one.at("name").get<std::string>());
    const auto& expect = one.at("expect");
    Ending ending;
    ending.closed.fail = OpenFail::Http;
    ending.closed.http_status = one.at("status").get<uint16_t>();
    const uint64_t from_ms = expect.at("wait_min_s").get<uint64_t>() * 1000;
    const uint64_t to_ms = expect.at("wait_max_s").get<uint64_t>() * 1000;
    check_range(drawn(ending, {}), from_ms, to_ms);
    RetryHistory many;
    many.busy = many.failures = 40;
    if (expect.contains("doubles_up_to_s")) {
      const uint64_t end_ms = expect.at("doubles_up_to_s").get<uint64_t>() * 1000;
      check_range(drawn(ending, many), end_ms * from_ms / to_ms, end_ms);
    } else {
      check_range(drawn(ending, many), from_ms, to_ms);
    }
    RetryHistory history;
    fakes::FakeEntropy entropy;
    const RetryPlan plan = RetryPolicy::decide(ending, true, history, entropy);
    CHECK((plan.action == RetryAction::UseOtherToken) == expect.value("other_token_first", false));
  }
}

TEST_CASE("each close code is come back from as its vector says, with a bye and from the close frame alone") {
  for (const auto& one : vector_cases("close-codes")) {
    CAPTURE(one.at("name").get<std::string>());
    const auto& expect = one.at("expect");
    const auto code = one.at("code").get<uint16_t>();
    const std::string come_back = expect.at("come_back");
    Ending told;
    told.was_opened = told.bye.has = true;
    told.bye.code = code;
    told.bye.reconnect = come_back != "person";
    told.bye.retry_after_ms = expect.value("retry_after_ms", uint64_t{0});
    check_come_back(told, come_back, told.bye.retry_after_ms == 0 ? 60000 : told.bye.retry_after_ms);
    Ending silent;
    silent.was_opened = true;
    silent.closed.close_code = code;
    check_come_back(silent, come_back, 60000);
  }
}
