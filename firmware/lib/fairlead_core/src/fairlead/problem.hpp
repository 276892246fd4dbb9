#pragma once
#include <cstdint>

namespace fairlead {

/** Why a frame was refused: the same codes as in protocol/problem.ts [M-6]. */
enum class Problem : uint8_t {
  None, NotJson, NotObject, NoType, UnknownType, Missing, WrongType, OutOfRange, BadName, BadText, TooLong, TooMany,
  TooDeep, TooLarge, Conflict, Truncated, UnknownKind,
};
/** As in the vectors: `not_json`, `wrong_type`, … */
const char* problem_text(Problem problem);

}  // namespace fairlead
