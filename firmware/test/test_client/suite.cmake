set(SUITE_NEEDS core)
set(SUITE_LIBS fairlead_client_portable)
set(SUITE_SOURCES ${FIRMWARE_DIR}/lib/fairlead_client/src/fairlead_client/core_uplink.cpp)
set(SUITE_NO_HEAP ON)
