#include "command.hpp"

#include <cstring>

#include "client.hpp"
#include "fairlead/json_reader.hpp"

namespace fairlead {
namespace {

bool read_text(std::string_view raw, char* into, size_t capacity) {
  JsonReader reader(raw);
  size_t size = 0;
  return reader.next() == JsonToken::Text && reader.copy_text(into, capacity, size);
}

bool fits(const Parameter& parameter, std::string_view raw) {
  if (parameter.kind == Parameter::Kind::Text) {
    char copy[kTextParameterMaxBytes + 1];
    return read_text(raw, copy, static_cast<size_t>(parameter.max) + 1);
  }
  const Value::Kind kind = parameter.kind == Parameter::Kind::Flag    ? Value::Kind::Truth
                           : parameter.kind == Parameter::Kind::Whole ? Value::Kind::Whole
                                                                      : Value::Kind::Number;
  Value value;
  return read_value(raw, kind, value) && value.number >= parameter.min && value.number <= parameter.max;
}

Value read_or(std::string_view params, const char* name, Value::Kind kind, double otherwise) {
  Value value;
  value.number = otherwise;
  std::string_view raw;
  if (find_member(params, name, raw)) (void)read_value(raw, kind, value);
  return value;
}

}  // namespace

bool Arguments::has(const char* name) const {
  std::string_view raw;
  return find_member(params_, name, raw);
}

bool Arguments::flag(const char* name, bool otherwise) const {
  return read_or(params_, name, Value::Kind::Truth, otherwise ? 1 : 0).number != 0;
}

double Arguments::number(const char* name, double otherwise) const {
  return read_or(params_, name, Value::Kind::Number, otherwise).number;
}

int32_t Arguments::whole(const char* name, int32_t otherwise) const {
  const double read = read_or(params_, name, Value::Kind::Whole, otherwise).number;
  return read > 2147483647.0 ? otherwise : static_cast<int32_t>(read);
}

bool Arguments::text(const char* name, char* into, size_t capacity) const {
  std::string_view raw;
  return find_member(params_, name, raw) && read_text(raw, into, capacity);
}

void CommandResult::append_member(std::string_view object) {
  // `object` is {"name":value}; a second one goes on inside the first.
  const std::string_view more = size_ == 0 ? object : object.substr(1);
  const size_t start = size_ == 0 ? 0 : size_;
  if (start + more.size() > sizeof bytes_) {
    too_large_ = true;
    return;
  }
  if (start != 0) bytes_[start - 1] = ',';
  std::memcpy(bytes_ + start, more.data(), more.size());
  size_ = static_cast<uint16_t>(start + more.size());
}

void CommandResult::add(const char* name, const Value& value) {
  uint8_t bytes[160];
  JsonWriter json({bytes, sizeof bytes});
  json.begin_object();
  write_member(json, name, value);
  json.end_object();
  if (json.ok()) append_member(json.view());
  else too_large_ = true;
}

CommandResult& CommandResult::with(const char* name, const char* value) {
  uint8_t bytes[kDataBytes];
  JsonWriter json({bytes, sizeof bytes});
  json.begin_object().key(name).text(value).end_object();
  if (json.ok()) append_member(json.view());
  else too_large_ = true;
  return *this;
}

Command::Command(Client& client, const char* name, Handler handler, std::initializer_list<Parameter> parameters)
    : name_(name), handler_(handler) {
  for (const Parameter& parameter : parameters) {
    if (parameter_count_ < kParametersMax) parameters_[parameter_count_++] = parameter;
    else too_many_ = true;
  }
  next_ = client.first_command_;
  client.first_command_ = this;
}

const char* Command::wrong_parameter(std::string_view params_json) const {
  for (uint8_t at = 0; at < parameter_count_; ++at) {
    const Parameter& parameter = parameters_[at];
    std::string_view raw;
    if (!find_member(params_json, parameter.name, raw)) {
      if (parameter.required) return parameter.name;
    } else if (!fits(parameter, raw)) {
      return parameter.name;
    }
  }
  return nullptr;
}

}  // namespace fairlead
