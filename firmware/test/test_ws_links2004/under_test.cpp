// The adapter, and the scripted library in place of the real one. See test_serial_console/under_test.cpp.
#include "fairlead_esp32/ws_links2004.cpp"
#include "fairlead_esp32/ws_reason.cpp"
#include "web_sockets_client.cpp"
