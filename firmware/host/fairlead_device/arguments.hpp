#pragma once
#include <cstdint>
#include <string>

namespace fairlead::posix {

struct Arguments {
  std::string state_folder;
  std::string host = "localhost";
  uint16_t port = 8443;
  std::string ca_file;
  /** Used when the state folder holds no token yet; then the device goes by its own slots. */
  std::string token;
  /** Likewise, for the second slot. */
  std::string other_token;
  /** Default: random at each start, as wants. */
  std::string boot_name;
  std::string model = "host";
  std::string firmware = "host-1";
  bool like_links2004 = true;
  /** Waits take this much of their time. */
  double time_scale = 1;
  uint32_t flash_sectors = 92;
};

/** False: `problem` says what is wrong. */
bool read_arguments(int count, char** values, Arguments& into, std::string& problem);

extern const char* const kUsage;

}  // namespace fairlead::posix
