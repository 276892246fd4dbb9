set(SUITE_NEEDS codec)
set(SUITE_LIBS fairlead_port_posix)
