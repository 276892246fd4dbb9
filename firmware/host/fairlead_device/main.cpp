#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "arguments.hpp"
#include "device.hpp"
#include "lines.hpp"

/** The firmware's core as a Linux process, for tests against a real gateway and for trying things out. */
namespace {

using namespace fairlead::posix;

/** As the network task of a chip: 10 to 20 ms there. */
constexpr int kTickMs = 5;
constexpr int kUsageExitCode = 2;

bool read_file(const std::string& path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  return file.good() || file.eof();
}

int refuse(const std::string& why) {
  std::fprintf(stderr, "fairlead-device: %s\n%s", why.c_str(), kUsage);
  return kUsageExitCode;
}

void run(Device& device) {
  Lines orders(STDIN_FILENO);
  while (orders.wait(kTickMs)) {
    for (std::string line; orders.next(line);) device.obey(line);
    device.tick();
  }
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  std::string problem, ca_pem;
  if (!read_arguments(count, values, arguments, problem)) return refuse(problem);
  if (!read_file(arguments.ca_file, ca_pem) || ca_pem.empty()) return refuse("cannot read " + arguments.ca_file);
  std::error_code error;
  std::filesystem::create_directories(arguments.state_folder + "/store", error);
  if (error) return refuse("cannot make " + arguments.state_folder + ": " + error.message());
  std::signal(SIGPIPE, SIG_IGN);
  static Device device(arguments, ca_pem);  // some 30 kB, as on a chip
  if (!device.begin()) return EXIT_FAILURE;
  run(device);
  return EXIT_SUCCESS;
}
