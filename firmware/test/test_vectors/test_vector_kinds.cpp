#include <doctest/doctest.h>

#include <cstdio>
#include <map>

#include "vector_files.hpp"

namespace {

/** What a device does with each kind of vector. A kind that is not here fails the suite. */
const std::map<std::string, const char*> kKinds = {
    {"gateway-text", "run here: read, exact message or problem"},
    {"device-text", "run here: good messages are written and compared; a device does not read them"},
    {"device-binary", "run here: good frames are written and compared byte for byte"},
    {"names", "run here"},
    {"close-codes", "run by test_retry_policy"},
    {"refusals", "run by test_retry_policy"},
    {"reconnect", "run by test_retry_policy"},
    {"command-request", "not for a device: the gateway reads it from REST and the bus"},
    {"topics", "not for a device: only the gateway speaks to the bus"},
    {"request-topics", "not for a device: only the gateway speaks to the bus"},
};

}  // namespace

TEST_CASE("each kind of vector is run, or there is a reason why not") {
  const auto files = vector_files();
  CHECK(files.size() >= 15);
  for (const auto& file : files) {
    CAPTURE(file.name);
    const auto known = kKinds.find(file.kind);
    CHECK(known != kKinds.end());
    CHECK(!file.cases.empty());
    std::printf("%-24s %3zu cases  %s\n", file.name.c_str(), file.cases.size(), known == kKinds.end() ? "unknown" : known->second);
  }
  for (const auto& [kind, what] : kKinds) {
    CAPTURE(kind);
    CHECK(!vector_cases(kind).empty());
  }
}
