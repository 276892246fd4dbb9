set(SUITE_NEEDS codec)
set(SUITE_LIBS fairlead_ws_scripted)
