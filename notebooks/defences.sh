#!/usr/bin/env bash
# Makes the tables that notebooks/defences.ipynb reads: about forty minutes on two cores. One that is complete is left as it is.
# Usage: defences.sh DIFFSEM FOLDER, as in `make defences`.
set -euo pipefail
diffsem=$1 folder=$2

run() { # TABLE SCENARIO [KEY=VALUE ...]
  local table=$1 scenario=$2 set=()
  shift 2
  for override in "$@"; do set+=(--set "$override"); done
  "$diffsem" run "$scenario" --out "$folder/$table.h5" --workers 2 "${set[@]}"
}

# The reference pair next to the ceiling; its attacks are in the tables below.
run reference mnist-reference 'eavesdropper.attacks=[]'

# A key against one look, against ten, and keys that leak.
run keyed-self-noise mnist-keyed-self-noise
run keyed-scramble mnist-keyed-scramble
run keyed-scramble-one-look mnist-keyed-scramble eavesdropper.looks=1 \
  'legitimate.receivers=[keyed-scramble, keyed-self-noise-scramble]'
for share in 0.1 0.5; do
  run "keyed-known-keys-$share" mnist-keyed-self-noise 'timesteps=[450]' 'legitimate.receivers=[keyed-self-noise]' \
    "eavesdropper.known_keys=$share"
done

# The control: a generator that is broken, and attacks that were trained on it.
weak=('legitimate.key.generator=weak' 'legitimate.receivers=[keyed-self-noise]' 'timesteps=[0, 240, 450]'
  'eavesdropper.attacks=[task-classifier, linear-probe, pad-dictionary]')
train=()
for override in "${weak[@]}"; do train+=(--set "$override"); done
"$diffsem" train mnist-keyed-self-noise --start pretrained --out "$folder/weak-weights" "${train[@]}"
run keyed-weak mnist-keyed-self-noise "${weak[@]}" "weights=$folder/weak-weights"

# The null space: antennas of the eavesdropper, looks, what is known of the channel, and other channels.
run null-space mnist-null-space-noise
beside='legitimate.receivers=[reference, null-space-noise]' steps='timesteps=[0, 440, 480, 500]'
for antennas in 2 3 4 8; do
  run "null-space-antennas-$antennas" mnist-null-space-noise "$steps" "$beside" \
    "eavesdropper.receive_antennas=$antennas"
done
run null-space-looks-10 mnist-null-space-noise "$steps" "$beside" eavesdropper.looks=10
for pilots in 1 4 16; do
  run "null-space-csi-$pilots" mnist-null-space-noise "$steps" "$beside" \
    "legitimate.csi={pilots: $pilots, estimator: lmmse}"
done
run null-space-outdated mnist-null-space-noise "$steps" "$beside" \
  'legitimate.csi={pilots: 16, estimator: lmmse, correlation: 0.99}'
for channel in '{kind: rician, k_factor_db: 6}' '{kind: tdl}'; do
  name=${channel#*kind: }
  run "null-space-${name%%[,\}]*}" mnist-null-space-noise "$steps" "$beside" "legitimate.channel=$channel" \
    "eavesdropper.channel=$channel"
done
