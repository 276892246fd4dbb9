#pragma once
#include "fairlead/device_frames.hpp"
#include "fairlead/json_writer.hpp"

/** What the writers of frames share. Private to the device_frames*.cpp files. */
namespace fairlead {

/** `{"type":"…"`, open. */
JsonWriter begin_frame(std::string_view type, MutableBytes into);
/** Closes the object; the status of the whole frame. */
Status end_frame(JsonWriter& json, size_t& size);
/** `size` 0 and Invalid. */
Status refuse_frame(size_t& size);

/** */
bool is_place(uint32_t seq, std::string_view boot_or_empty);
void write_place(JsonWriter& json, uint32_t seq, std::string_view boot_or_empty);
/** [T-2] */
void write_time(JsonWriter& json, const RecordTime& time);

}  // namespace fairlead
