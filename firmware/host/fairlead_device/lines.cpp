#include "lines.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::posix {

namespace {

/** A line that never ends would fill the memory. */
constexpr size_t kLineMaxBytes = 1024 * 1024;

}  // namespace

bool Lines::wait(int timeout_ms) {
  pollfd readable = {descriptor_, POLLIN, 0};
  if (::poll(&readable, 1, timeout_ms) <= 0) return true;
  char bytes[4096];
  const ssize_t got = ::read(descriptor_, bytes, sizeof bytes);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  waiting_.append(bytes, static_cast<size_t>(got));
  return got > 0 && waiting_.size() <= kLineMaxBytes;
}

bool Lines::next(std::string& line) {
  const size_t end = waiting_.find('\n');
  if (end == std::string::npos) return false;
  line = waiting_.substr(0, end);
  waiting_.erase(0, end + 1);
  return true;
}

}  // namespace fairlead::posix
