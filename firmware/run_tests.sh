#!/usr/bin/env bash
# All checks of the firmware that need no board; `npm run firmware:test` calls it.
#   1 each fuzzer for some seconds, beside all the rest   2 suites as `pio test -e native` builds them
#   3 suites with AddressSanitizer and UndefinedBehaviorSanitizer   4 suites for 32 bit, adapters on stub headers
#   5 the core as a Linux process, which `npm test` uses   6 size and symbols of the core on a 32-bit target
# What a missing tool prevents is skipped loudly; with CI=true it fails. Debian packages: firmware/host/apt-packages.txt.
#   FAIRLEAD_FUZZ_SECONDS        for each fuzzer, one after the other; 10 by default, 60 with CI=true
#   FAIRLEAD_FIRMWARE_BUILD_DIR  firmware/build by default
set -uo pipefail

firmware=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${FAIRLEAD_FIRMWARE_BUILD_DIR:-$firmware/build}
jobs=$(nproc 2>/dev/null || echo 2)
node=$firmware/../node_modules/.bin/node
[ -x "$node" ] || node=$(command -v node)
mkdir -p "$build"
build=$(cd "$build" && pwd)
summary=()
status=0

step() { printf '\n=== firmware: %s (%d s)\n' "$*" "$SECONDS"; }
passed() { summary+=("passed   $1"); }
failed() {
  summary+=("FAILED   $1")
  status=1
}
# In CI nothing may be left out.
skipped() {
  if [ "${CI:-}" = true ]; then
    failed "$1: $2 is missing, and CI=true"
  else
    summary+=("SKIPPED  $1: $2 is missing")
  fi
  printf '!!! skipped: %s needs %s (see firmware/host/apt-packages.txt)\n' "$1" "$2" >&2
}

# can_build <compiler> <program> <option>...: whether the compiler builds and links the program with these options.
can_build() {
  printf '%s\n' "$2" | "$1" -x c++ -std=c++17 "${@:3}" - -o "$build/probe" >/dev/null 2>&1
}

# Runs quietly; shows the output when it fails.
quietly() {
  local log=$build/log.txt
  "$@" >"$log" 2>&1 && return
  cat "$log"
  return 1
}

# "N cases, M assertions" of what ctest ran last.
counts() {
  awk '/\[doctest\] test cases:/ { cases += $4 } /\[doctest\] assertions:/ { checks += $3 }
    END { printf "%d cases, %d assertions", cases, checks }' "$1/Testing/Temporary/LastTest.log"
}

# Shows what CMake left out. For 32 bit that is what needs OpenSSL; else in CI it is a failure.
nothing_left_out() {
  ! grep SKIPPED "$build/log.txt" >&2 || [ "$1" = 32-bit ] || [ "${CI:-}" != true ]
}

# suites <name> <cmake option>...
suites() {
  local name=$1 folder=$build/$1
  step "suites, $name"
  if quietly cmake -S "$firmware/host" -B "$folder" "${@:2}" &&
    nothing_left_out "$name" &&
    quietly cmake --build "$folder" -j "$jobs" &&
    (cd "$folder" && ctest --output-on-failure --no-tests=error -j "$jobs"); then
    passed "suites, $name: $(counts "$folder")"
  else
    failed "suites, $name"
  fi
}

all_suites() {
  local missing=
  command -v cmake >/dev/null || missing+=' cmake'
  can_build g++ 'int main() {}' || missing+=' g++'
  can_build g++ '#include <doctest/doctest.h>' -c || missing+=' doctest-dev'
  can_build g++ '#include <nlohmann/json.hpp>' -c || missing+=' nlohmann-json3-dev'
  if [ -n "$missing" ]; then
    skipped 'all suites' "${missing# }"
    return
  fi
  suites native -DFAIRLEAD_PIO_NATIVE=ON
  if can_build g++ 'int main() {}' -fsanitize=address,undefined; then
    suites sanitized -DFAIRLEAD_SANITIZE=ON
  else
    skipped 'suites, sanitized' 'the sanitizer runtime of g++'
  fi
  if can_build g++ $'#include <string>\nint main() {}' -m32; then
    suites 32-bit -DFAIRLEAD_M32=ON
  else
    skipped 'suites, 32-bit' g++-multilib
  fi
}

# fuzz <name> <seconds>: into its own log.
fuzz() {
  mkdir -p "$build/corpus/$1"
  "$build/fuzz/$1" -max_total_time="$2" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$build/$1-" "$build/corpus/$1" "$build/seeds" >"$build/$1.log" 2>&1
}

# fuzzed <name> <whether it ended well>
fuzzed() {
  local runs
  runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$build/$1.log")
  if [ "$2" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
    echo "$1: $runs executions"
    passed "$1: $runs executions"
  else
    tail -n 60 "$build/$1.log"
    failed "$1: the input is in $build/$1-*"
  fi
}

# begin_fuzzing: builds the fuzzers and lets them run in the background, one after the other, so that no core is idle
# at their end. Each leaves its exit code in a file.
fuzz_lane=
begin_fuzzing() {
  local folder=$build/fuzz name seconds
  [ -n "$node" ] || { skipped fuzzers node; return; }
  can_build clang++ 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' \
    -fsanitize=fuzzer,address,undefined || { skipped fuzzers 'clang with libclang-rt-14-dev'; return; }
  seconds=${FAIRLEAD_FUZZ_SECONDS:-$([ "${CI:-}" = true ] && echo 60 || echo 10)}
  step "fuzzers, build; then $seconds s each, beside the rest"
  rm -rf "$build/seeds"
  if ! "$node" "$firmware/tools/fuzz_corpus.mjs" "$build/seeds" ||
    ! quietly cmake -S "$firmware/host" -B "$folder" -DFAIRLEAD_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ ||
    ! quietly cmake --build "$folder" -j "$jobs"; then
    failed 'fuzzers: build'
    return
  fi
  for name in $(fuzzer_names); do rm -f "$build/$name.exit"; done
  (
    for name in $(fuzzer_names); do
      fuzz "$name" "$seconds"
      echo $? >"$build/$name.exit"
    done
  ) &
  fuzz_lane=$!
}

fuzzer_names() {
  local source
  for source in "$firmware"/test/fuzz/fuzz_*.cpp; do basename "$source" .cpp; done
}

end_fuzzing() {
  local name
  [ -n "$fuzz_lane" ] || return 0
  step 'fuzzers, the rest of their time'
  wait "$fuzz_lane"
  for name in $(fuzzer_names); do fuzzed "$name" "$(cat "$build/$name.exit" 2>/dev/null || echo 1)"; done
}
# A run that is stopped begins no further fuzzer; the one at work ends by its own time.
trap '[ -z "$fuzz_lane" ] || kill "$fuzz_lane" 2>/dev/null' EXIT

host_device() {
  can_build g++ $'#include <boost/beast.hpp>\n#include <openssl/ssl.h>' -c ||
    { skipped 'fairlead-device' 'libboost-dev with libssl-dev'; return; }
  step 'fairlead-device'
  if quietly env FAIRLEAD_FIRMWARE_BUILD_DIR="$build" "$node" "$firmware/../test/firmware/host-device-build.ts"; then
    passed 'fairlead-device: built for npm test'
  else
    failed 'fairlead-device'
  fi
}

size_gate() {
  can_build arm-none-eabi-g++ '#include <string_view>' -c ||
    { skipped 'size of the core' 'gcc-arm-none-eabi with libstdc++-arm-none-eabi-newlib'; return; }
  step 'size of the core'
  "$firmware/tools/size_gate.sh" "$build/size" | tee "$build/size.txt"
  if [ "${PIPESTATUS[0]}" = 0 ]; then
    passed "size of the core: $(tail -n 1 "$build/size.txt")"
  else
    failed 'size of the core'
  fi
}

begin_fuzzing
all_suites
host_device
size_gate
end_fuzzing
fuzz_lane=

step summary
printf '%s\n' "${summary[@]}"
exit $status
