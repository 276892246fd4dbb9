#pragma once
#include <cstdint>

namespace fairlead {

/** What came of a call. It cannot be ignored by accident. */
enum class [[nodiscard]] Status : uint8_t {
  Ok,
  NotFound,   ///< There is no such key, record or handler.
  TooLarge,   ///< It does not fit its buffer, its record or `welcome.limits`.
  Full,       ///< No room; what was offered is the loser.
  Invalid,    ///< The input breaks a rule.
  IoError,    ///< Flash or store failed; what was there before is still there.
  NotReady,   ///< Not in this state.
};

/** A short name for logs and the console. */
const char* status_text(Status status);

}  // namespace fairlead
