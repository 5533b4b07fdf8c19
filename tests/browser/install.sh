#!/bin/sh
# Make sure there is a browser for the browser tests and for pictures: an installed one, else
# Debian's, with the shell that tests are faster in, else Playwright's. $1 is the playwright command.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-headless-shell && exit 0
  exec "$1" install --with-deps chromium
fi
exec "$1" install chromium
