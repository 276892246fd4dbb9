set(SUITE_NEEDS codec)
set(SUITE_LIBS fairlead_esp32_on_stubs_headers)
