#include "arguments.hpp"

#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>

namespace fairlead::posix {

const char* const kUsage =
    "fairlead-device --state DIR --ca FILE [--host H] [--port P] [--token T] [--other-token T]\n"
    "                [--boot-name NAME] [--model M] [--firmware F] [--like-links2004=0] [--time-scale 0.05]\n"
    "                [--flash-sectors 92]\n"
    "Reads orders as JSON lines on stdin, writes what happens as JSON lines on stdout. Ends with stdin.\n"
    "Exit code 42: the device wants to be started again.\n";

namespace {

using Take = std::function<bool(const std::string&)>;

Take text(std::string& into) {
  return [&into](const std::string& value) {
    into = value;
    return !value.empty();
  };
}

template <class Number>
Take whole(Number& into, Number least) {
  return [&into, least](const std::string& value) {
    const char* end = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), end, into);
    return error == std::errc() && at == end && into >= least;
  };
}

Take scale(double& into) {
  return [&into](const std::string& value) {
    char* end = nullptr;
    into = std::strtod(value.c_str(), &end);
    return *end == '\0' && into > 0 && into <= 1;
  };
}

Take on_or_off(bool& into) {
  return [&into](const std::string& value) {
    into = value == "1";
    return value == "1" || value == "0";
  };
}

}  // namespace

bool read_arguments(int count, char** values, Arguments& into, std::string& problem) {
  const std::map<std::string, Take> known = {
      {"--state", text(into.state_folder)},
      {"--host", text(into.host)},
      {"--port", whole<uint16_t>(into.port, 1)},
      {"--ca", text(into.ca_file)},
      {"--token", text(into.token)},
      {"--other-token", text(into.other_token)},
      {"--boot-name", text(into.boot_name)},
      {"--model", text(into.model)},
      {"--firmware", text(into.firmware)},
      {"--like-links2004", on_or_off(into.like_links2004)},
      {"--time-scale", scale(into.time_scale)},
      {"--flash-sectors", whole<uint32_t>(into.flash_sectors, 4)},
  };
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    const size_t equals = word.find('=');
    const auto found = known.find(word.substr(0, equals));
    if (found == known.end()) return problem = word + " is not an option", false;
    const bool has_value = equals != std::string::npos || i + 1 < count;
    if (!has_value) return problem = word + " needs a value", false;
    const std::string value = equals == std::string::npos ? values[++i] : word.substr(equals + 1);
    if (!found->second(value)) return problem = word + " does not take " + value, false;
  }
  if (into.state_folder.empty()) return problem = "--state is missing", false;
  if (into.ca_file.empty()) return problem = "--ca is missing", false;
  return true;
}

}  // namespace fairlead::posix
