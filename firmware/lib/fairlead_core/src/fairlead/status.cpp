#include "fairlead/status.hpp"

#include "fairlead/problem.hpp"

namespace fairlead {

const char* status_text(Status status) {
  switch (status) {
    case Status::Ok: return "ok";
    case Status::NotFound: return "not_found";
    case Status::TooLarge: return "too_large";
    case Status::Full: return "full";
    case Status::Invalid: return "invalid";
    case Status::IoError: return "io_error";
    case Status::NotReady: return "not_ready";
  }
  return "unknown";
}

const char* problem_text(Problem problem) {
  switch (problem) {
    case Problem::None: return "none";
    case Problem::NotJson: return "not_json";
    case Problem::NotObject: return "not_object";
    case Problem::NoType: return "no_type";
    case Problem::UnknownType: return "unknown_type";
    case Problem::Missing: return "missing";
    case Problem::WrongType: return "wrong_type";
    case Problem::OutOfRange: return "out_of_range";
    case Problem::BadName: return "bad_name";
    case Problem::BadText: return "bad_text";
    case Problem::TooLong: return "too_long";
    case Problem::TooMany: return "too_many";
    case Problem::TooDeep: return "too_deep";
    case Problem::TooLarge: return "too_large";
    case Problem::Conflict: return "conflict";
    case Problem::Truncated: return "truncated";
    case Problem::UnknownKind: return "unknown_kind";
  }
  return "unknown";
}

}  // namespace fairlead
