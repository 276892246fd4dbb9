#!/usr/bin/env bash
# Code size of the portable core, and what it must not need.
#   firmware/tools/size_gate.sh [folder for the objects]
# Thumb-2 (Cortex-M3, -Os, software floating point) stands in for the ESP32: the Xtensa and RISC-V compilers are in no
# Debian archive, and all three are 32 bit with mixed 16/32-bit (Xtensa: 16/24-bit) instructions. The number is a proxy
# that catches growth, not the size in the image. The C library and libgcc are not in it.
set -euo pipefail

limit_bytes=$((48 * 1024))
# No heap, no exceptions, no printf, no locale, no chance and no clock but the ports. operator delete may be named: every
# virtual destructor does, and nothing calls it.
forbidden='malloc|calloc|realloc|free|strdup|_Zn[wa].*|__cxa_(throw|allocate_exception|rethrow)|.*printf.*|_ZSt[0-9]+__throw_.*'
forbidden+='|strto(d|f|ld|l|ul|ll|ull)|ato(f|i|l|ll)|setlocale|localeconv|s?rand(om)?|time|gettimeofday|clock(_gettime)?'

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source_dir=lib/fairlead_core/src
prefix=${FAIRLEAD_SIZE_PREFIX:-arm-none-eabi-}
objects=${1:-}
if [ -z "$objects" ]; then
  objects=$(mktemp -d)
  trap 'rm -rf "$objects"' EXIT
fi
mkdir -p "$objects"

flags=(-std=c++17 -Os -mcpu=cortex-m3 -mthumb -fno-exceptions -fno-rtti -fno-threadsafe-statics -ffunction-sections
  -fdata-sections -Wall -Wextra -Wconversion -Werror -I "$source_dir")

# Sizes of one object as "code tables data zeroed": .text*, .rodata*, .data*, .bss*; what unwinds and describes is left out.
sizes_of() {
  "${prefix}size" -A -d "$1" | awk '
    $1 ~ /^\.text/ { code += $2 } $1 ~ /^\.rodata/ { tables += $2 }
    $1 ~ /^\.(data|init_array)/ { data += $2 } $1 ~ /^\.bss/ { zeroed += $2 }
    END { printf "%d %d %d %d\n", code, tables, data, zeroed }'
}

printf '%-28s %8s %8s %8s %8s\n' 'source' 'code' 'tables' 'data' 'zeroed'
list=()
while IFS= read -r file; do
  name=${file#"$source_dir"/}
  object=$objects/$(tr / _ <<<"${name%.cpp}").o
  "${prefix}g++" "${flags[@]}" -c "$file" -o "$object"
  list+=("$object")
  read -r code tables data zeroed < <(sizes_of "$object")
  printf '%-28s %8d %8d %8d %8d\n' "${name#fairlead/}" "$code" "$tables" "$data" "$zeroed"
done < <(find "$source_dir" -name '*.cpp' | sort)
[ ${#list[@]} -gt 0 ] || { echo 'no sources' >&2; exit 1; }

# One object of all: what several sources define inline counts once.
"${prefix}ld" -r "${list[@]}" -o "$objects/core.all"
read -r code tables data zeroed < <(sizes_of "$objects/core.all")
printf '%-28s %8d %8d %8d %8d\n' 'all, merged' "$code" "$tables" "$data" "$zeroed"
total=$((code + tables))
printf 'code and tables: %d bytes of %d (%d %%), Thumb-2 as a proxy\n' "$total" "$limit_bytes" $((100 * total / limit_bytes))

status=0
if [ "$total" -gt "$limit_bytes" ]; then
  echo "TOO LARGE: $((total - limit_bytes)) bytes over the limit" >&2
  status=1
fi
found=$("${prefix}nm" -u "$objects/core.all" | awk '{ print $2 }' | grep -E "^($forbidden)$" || true)
if [ -n "$found" ]; then
  echo 'FORBIDDEN symbols, and who needs them:' >&2
  for symbol in $found; do
    for object in "${list[@]}"; do
      if "${prefix}nm" -u "$object" | awk '{ print $2 }' | grep -qxF "$symbol"; then
        echo "  $("${prefix}c++filt" "$symbol")  in $(basename "$object" .o)" >&2
      fi
    done
  done
  status=1
fi
exit $status
