// The ports on Linux that need no TLS. See test_serial_console/under_test.cpp.
#include "entropy_posix.cpp"
#include "file_io.cpp"
#include "flash_file.cpp"
#include "store_file.cpp"
#include "system_posix.cpp"
