set(SUITE_NEEDS core)
set(SUITE_LIBS fairlead_client_portable)
