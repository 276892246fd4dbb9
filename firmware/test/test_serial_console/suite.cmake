set(SUITE_NEEDS codec)
