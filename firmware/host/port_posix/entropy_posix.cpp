#include "entropy_posix.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace fairlead::posix {

uint32_t EntropyPosix::u32() {
  uint32_t value = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&value, sizeof value, 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof value)) std::abort();
  return value;
}

}  // namespace fairlead::posix
