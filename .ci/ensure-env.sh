# Sourced by ./run and ./test with KIND set to "run" or "dev" and SELF to their own path: makes .venv from uv.lock, needing only python3 >= 3.11
# with pip and POSIX sh. No root, no venv module, no uv, no HOME: pip's --target is not barred by PEP 668.
set -eu
ROOT=$(CDPATH='' cd -- "$(dirname -- "$SELF")" && pwd)
UV_VERSION=0.13.8
PY=${PYTHON:-python3}
# a film is worth a voice that sounds like one: the demo brings a neural narrator, 185 MB more
[ "$KIND ${1:-}" = "run demo" ] && EXTRA="--extra voice" SIZE=560 || EXTRA='' SIZE=370
STAMP=$ROOT/.venv/.stamp-$KIND${EXTRA:+-voice}
WANT=$(cksum "$ROOT/uv.lock" "$ROOT/pyproject.toml" | cksum)
if [ ! -x "$ROOT/.venv/bin/python" ] || [ "$(cat "$STAMP" 2>/dev/null)" != "$WANT" ]; then
  [ -n "${UV_CACHE_DIR:-}" ] || [ -w "${HOME:-/nonexistent}" ] || { UV_CACHE_DIR=$ROOT/.tools/cache; export UV_CACHE_DIR; }
  "$PY" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "videod needs Python 3.11 or newer; $PY is $("$PY" -V 2>&1). Set PYTHON=/path/to/python3.11." >&2
    exit 69
  }
  # on a terminal uv shows how far it is, and dots show that what says nothing works; a log gets a line for each stage
  [ -t 2 ] && QUIET= || QUIET=-q
  BEGAN=$(date +%s)
  dotted() {
    printf 'videod: %s ' "$1" >&2 && shift
    DOTS='' CODE=0
    # on Ctrl-C they end with this shell
    [ -n "$QUIET" ] || { { while sleep 1 && kill -0 $$ 2>/dev/null; do printf . >&2; done; } & DOTS=$!; }
    "$@" >&2 || CODE=$?
    [ -z "$DOTS" ] || { kill "$DOTS" && wait "$DOTS" 2>/dev/null || :; }
    echo >&2
    [ "$CODE" = 0 ] || exit "$CODE"
  }
  if command -v uv >/dev/null 2>&1; then UV=uv; else
    UV=$ROOT/.tools/bin/uv
    [ -x "$UV" ] || PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 dotted \
      "installing the installer, uv, into .tools" \
      "$PY" -m pip install -q --root-user-action=ignore --target "$ROOT/.tools" "uv==$UV_VERSION"
  fi
  [ "$KIND" = dev ] && GROUPS_ARG= || GROUPS_ARG=--no-dev
  # --inexact: ./run after ./test must not strip pytest again; LC_ALL: Python reads the .pth of a path that is not ASCII
  sync() {
    TMPDIR=$ROOT/.tools/tmp LC_ALL=C.UTF-8 UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$ROOT/.venv "$UV" sync "$@" --frozen --inexact \
      $GROUPS_ARG --python "$PY" --project "$ROOT" >&2
  }
  echo "videod: installing the locked dependencies into .venv (about $SIZE MB)" >&2
  mkdir -p "$ROOT/.tools/tmp" # uv leaves a lock in it
  # shellcheck disable=SC2086 # two words, or none
  sync $QUIET $EXTRA || {
    [ -n "$EXTRA" ] || exit "$?"
    echo "videod: the neural voice cannot be installed now; a plainer one speaks" >&2
    EXTRA='' STAMP=$ROOT/.venv/.stamp-$KIND
    sync $QUIET
  }
  # shellcheck disable=SC2086
  dotted "compiling" sync -q --compile-bytecode $EXTRA
  rm -rf "$ROOT/.tools/tmp"
  # as a path from where it stands, which every locale can read; a new file, since uv's cache may hold the same one
  for pth in "$ROOT"/.venv/lib/python3*/site-packages/_videod.pth; do
    rm -f "$pth" && printf '../../../..\n' > "$pth"
  done
  # the Google client brings descriptions of 600 services, 110 MB; those of YouTube stay
  rm -f "$ROOT"/.venv/lib/python3*/site-packages/googleapiclient/discovery_cache/documents/[!y]*.json
  echo "videod: installed in $(($(date +%s) - BEGAN)) s. Downloads are kept in $("$UV" cache dir 2>/dev/null); delete them at any time." >&2
  printf %s "$WANT" > "$STAMP"
  printf %s "$WANT" > "$ROOT/.venv/.stamp-$KIND" # what the demo installs holds what everything else needs
fi
