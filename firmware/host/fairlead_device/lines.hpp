#pragma once
#include <string>

namespace fairlead::posix {

/** Lines of a file descriptor, without ever waiting longer than asked. */
class Lines {
 public:
  explicit Lines(int descriptor) : descriptor_(descriptor) {}
  /** Waits at most this long for more to read. False: the other side has closed. */
  bool wait(int timeout_ms);
  /** The next whole line; false: none is there yet. */
  bool next(std::string& line);

 private:
  const int descriptor_;
  std::string waiting_;
};

}  // namespace fairlead::posix
