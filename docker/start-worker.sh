#!/bin/sh
# The API reaches this worker's predictor under the container's own name.
set -eu
export TRAINYARD_PREDICTOR_HOST="${TRAINYARD_PREDICTOR_HOST:-$(hostname)}"
exec node dist/apps/worker/main.js
