#!/usr/bin/env bash
# Compiles and lints everything for macOS on another system; nothing is linked or run. Needs the standard library for macOS
# (rustup target add aarch64-apple-darwin) or its source, from which it is built, and zig, which compiles C for macOS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "make lint-macos: $*" >&2
  exit 1
}

target=aarch64-apple-darwin
rustc=${RUSTC:-rustc}
library="$("$rustc" --print sysroot)/lib/rustlib"
words=(--locked --all-targets --target "$target")
if [ ! -d "$library/$target" ]; then
  [ -d "$library/src/rust/library" ] || fail "the standard library for macOS is missing: rustup target add $target"
  # Building it is not yet stable.
  export RUSTC_BOOTSTRAP=1
  words+=(-Zbuild-std)
fi

if command -v zig >/dev/null; then
  zig=zig
elif python3 -m ziglang version >/dev/null 2>&1; then
  zig='python3 -m ziglang'
else
  fail "zig is missing: install it, for example with pip install ziglang"
fi
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
# zig has its own name for the platform, and does not know how others write it.
cat >"$tools/cc" <<END
#!/usr/bin/env bash
words=()
for word in "\$@"; do
  case \$word in
  --target=* | -arch | arm64 | -mmacosx-version-min=* | -gdwarf-2) ;;
  *) words+=("\$word") ;;
  esac
done
exec $zig cc -target aarch64-macos "\${words[@]}"
END
printf '#!/bin/sh\nexec %s ar "$@"\n' "$zig" >"$tools/ar"
chmod +x "$tools/cc" "$tools/ar"
export CC_aarch64_apple_darwin="$tools/cc" AR_aarch64_apple_darwin="$tools/ar"

# Of the same toolchain as the compiler.
"$(dirname "$(command -v "$rustc")")/cargo-clippy" clippy "${words[@]}" -- -D warnings
