#pragma once
#include <string_view>

#include "fairlead/problem.hpp"

/** What is wrong with JSON that the application made, or that a message carries. */
namespace fairlead {

/**
 * One free-form JSON value: NotJson, TooDeep [L-17], OutOfRange (`1e400`), BadText (half a surrogate pair) or None.
 * A value that a later one of the same key hides is checked too.
 */
Problem free_form_problem(std::string_view json);

/** The same for an object: WrongType when it is another value. */
Problem object_problem(std::string_view json);

/**
 * The inside of `values` as the outbox keeps it, `"temp":21.5,"door":true`: at least one, each key a name [N-1], each
 * value a finite number, a boolean or a text of at most 1,024 bytes [T-3].
 */
Problem values_problem(std::string_view values_json);

}  // namespace fairlead
