#!/usr/bin/env bash
# Makes the tables behind docs/results/defences.md: about an hour on two cores. One that is complete is left as it is.
# Usage: defences.sh DIFFSEM FOLDER, as in `make defences`.
set -euo pipefail
diffsem=$1 folder=$2

run() { # TABLE SCENARIO [KEY=VALUE ...]
  local table=$1 scenario=$2 set=()
  shift 2
  for override in "$@"; do set+=(--set "$override"); done
  "$diffsem" run "$scenario" --out "$folder/$table.h5" --workers 2 "${set[@]}"
}

# A key against one look, against ten, and keys that leak.
# The suite as it was when these tables were made; the wide classifier is at the end.
suite=(inversion-mlp inversion-conv denoise-invert task-classifier schedule-aware linear-probe)
attacks() { local IFS=,; echo "eavesdropper.attacks=[$*]"; }
keyed=$(attacks "${suite[@]}" pad-dictionary)
scrambled=$(attacks "${suite[@]}" sorted-magnitudes pad-dictionary)
run keyed-self-noise mnist-keyed-self-noise "$keyed"
run keyed-scramble mnist-keyed-scramble "$scrambled"
run keyed-scramble-one-look mnist-keyed-scramble eavesdropper.looks=1 \
  'legitimate.receivers=[keyed-scramble, keyed-self-noise-scramble]' "$scrambled"
for share in 0.1 0.5; do
  run "keyed-known-keys-$share" mnist-keyed-self-noise 'timesteps=[450]' 'legitimate.receivers=[keyed-self-noise]' \
    "eavesdropper.known_keys=$share" "$keyed"
done

# The control: a generator that is broken, and attacks that were trained on it.
weak=('legitimate.key.generator=weak' 'legitimate.receivers=[keyed-self-noise]' 'timesteps=[0, 240, 450]'
  'eavesdropper.attacks=[task-classifier, linear-probe, pad-dictionary]')
train=()
for override in "${weak[@]}"; do train+=(--set "$override"); done
[ -e "$folder/keyed-weak.h5" ] ||
  "$diffsem" train mnist-keyed-self-noise --start pretrained --out "$folder/weak-weights" "${train[@]}"
run keyed-weak mnist-keyed-self-noise "${weak[@]}" "weights=$folder/weak-weights"

# The null space: antennas of the eavesdropper, looks, what is known of the channel, and other channels.
run null-space mnist-null-space-noise "$(attacks "${suite[@]}")"
# With the three attacks that were strongest in the table above.
side() { # TABLE [KEY=VALUE ...]
  local table=$1
  shift
  run "null-space-$table" mnist-null-space-noise 'timesteps=[440, 480]' 'legitimate.receivers=[null-space-noise]' \
    'eavesdropper.attacks=[inversion-conv, task-classifier, linear-probe]' "$@"
}
for antennas in 2 3 4 8; do side "antennas-$antennas" "eavesdropper.receive_antennas=$antennas"; done
side looks-10 eavesdropper.looks=10
for pilots in 1 4 16; do side "csi-$pilots" "legitimate.csi={pilots: $pilots, estimator: lmmse}"; done
side outdated 'legitimate.csi={pilots: 16, estimator: lmmse, correlation: 0.99}'
for channel in '{kind: rician, k_factor_db: 6}' '{kind: tdl}'; do
  name=${channel#*kind: }
  side "${name%%[,\}]*}" "legitimate.channel=$channel" "eavesdropper.channel=$channel"
done

# The wide classifier, which came later, at the same points: its rows are those that the tables above would have.
wide() { # TABLE SCENARIO [KEY=VALUE ...]
  local table=$1
  shift
  run "wide-$table" "$@" 'eavesdropper.attacks=[task-classifier-wide]'
}
wide keyed-self-noise mnist-keyed-self-noise
wide keyed-scramble mnist-keyed-scramble
wide keyed-scramble-one-look mnist-keyed-scramble eavesdropper.looks=1 \
  'legitimate.receivers=[keyed-scramble, keyed-self-noise-scramble]'
for antennas in 1 2 4; do
  wide "null-space-antennas-$antennas" mnist-null-space-noise 'timesteps=[440, 480]' \
    'legitimate.receivers=[null-space-noise]' "eavesdropper.receive_antennas=$antennas"
done

# The attack that reads all looks at once, which came later still, beside the one that reads them one by one.
run sorted-looks mnist-keyed-scramble 'timesteps=[0, 60, 120, 180, 240, 450]' \
  'legitimate.receivers=[keyed-scramble, keyed-self-noise-scramble]' \
  'eavesdropper.attacks=[sorted-magnitudes, sorted-looks]'

# The reference pair next to the ceiling; its attacks are in the tables above.
run reference mnist-reference 'eavesdropper.attacks=[]'
