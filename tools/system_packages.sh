#!/usr/bin/env bash
# Debian packages that the tests and the demo use. Installs what is missing when this user may; says what to do when not.
set -eu
missing=()
browser() { command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome; }
browser >/dev/null || missing+=(chromium)
command -v bwrap >/dev/null || missing+=(bubblewrap)
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else
    echo "Missing Debian packages: ${missing[*]}. This user may not install them; ask an administrator to run:"
    echo "    apt-get install ${missing[*]}"
    echo "Until then browser tests, the sandbox or comparisons that need them are not run and will fail, not be skipped."
    exit 0
  fi
fi
command -v apt-get >/dev/null || { echo "Missing: ${missing[*]}. No apt-get here; install them with this system's package tool."; exit 0; }
"${as_root[@]}" apt-get update -qq >/dev/null
# where this release has it, the shell without windows: it draws the same pages with a third less processor time
if [ "${missing[0]}" = chromium ] && apt-cache show chromium-headless-shell >/dev/null 2>&1; then missing[0]=chromium-headless-shell; fi
echo "· installing Debian packages: ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
