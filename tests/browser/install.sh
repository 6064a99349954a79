#!/usr/bin/env bash
# What the browser tests need beside Python: Chromium and a Chinese font, from Debian's packages where that is
# allowed. Elsewhere this says what will be skipped and why, and the tests skip with the same words.
set -u
need=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need+=(chromium)
fc-list ':lang=zh' 2>/dev/null | grep -q . || need+=(fonts-noto-cjk fontconfig)
[ ${#need[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "Browser tests will be skipped: ${need[*]} missing and this system has no apt-get. Install them to run these tests."
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "Browser tests will be skipped: ${need[*]} missing. Install them with: sudo apt-get install ${need[*]}"
    exit 0
  fi
  as_root=(sudo -n)
fi
echo "Installing ${need[*]} for the browser tests ..."
if ! { "${as_root[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq "${need[@]}"; } >/dev/null 2>&1; then
  echo "Browser tests will be skipped: apt-get could not install ${need[*]}."
fi
exit 0
