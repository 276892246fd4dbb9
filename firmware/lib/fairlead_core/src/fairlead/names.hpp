#pragma once
#include <string_view>

/** The three patterns of the protocol. */
namespace fairlead {

/** [N-1] Devices, channels, events, commands, capabilities, telemetry keys, ids, error codes. */
bool is_name(std::string_view text);
/** [N-2] */
bool is_boot_id(std::string_view text);
/** [N-3] A digest: 64 lower-case hexadecimal digits. */
bool is_sha256(std::string_view text);
/** [K-3] Visible ASCII of at most 2,048 bytes, and no character that JSON escapes; so it can stand in a header. */
bool is_token(std::string_view text);

}  // namespace fairlead
