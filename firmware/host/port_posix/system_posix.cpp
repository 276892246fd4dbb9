#include "system_posix.hpp"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "file_io.hpp"

namespace fairlead::posix {

SystemPosix::SystemPosix(std::string folder) : note_path_(folder + "/restarted") {
  if (::unlink(note_path_.c_str()) == 0) reason_ = ResetReason::Software;
}

void SystemPosix::restart(const char* why) {
  {
    const File note(note_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    if (note.ok() && !(note.write_at(0, bytes_of(why)) && note.sync())) std::perror("restart note");
  }
  std::fflush(nullptr);
  ::_exit(kRestartExitCode);
}

uint32_t SystemPosix::free_heap() {
  struct sysinfo facts = {};
  if (::sysinfo(&facts) != 0) return 0;
  const uint64_t bytes = static_cast<uint64_t>(facts.freeram) * facts.mem_unit;
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, std::numeric_limits<uint32_t>::max()));
}

void SystemPosix::recover_link(int) { ++recoveries_; }

}  // namespace fairlead::posix
