#!/usr/bin/env bash
# Makes the tables behind docs/results/channels.md: about an hour on two cores. One that is complete is left as it is.
# Usage: channels.sh DIFFSEM FOLDER, as in `make channels`.
set -euo pipefail
diffsem=$1 folder=$2

run() { # TABLE SCENARIO [KEY=VALUE ...]
  local table=$1 scenario=$2 set=()
  shift 2
  for override in "$@"; do set+=(--set "$override"); done
  "$diffsem" run "$scenario" --out "$folder/$table.h5" "${set[@]}"
}

run ber-awgn ber-calibration
run ber-rayleigh ber-calibration 'legitimate.channel={kind: rayleigh, coherence: 1}'
run ber-mrc ber-calibration 'legitimate.channel={kind: rayleigh, coherence: 1}' \
  legitimate.receive_antennas=2 legitimate.equalizer=mrc

# How the receiver finds its step: 10 dB, 10,000 images, no eavesdropper.
at_10db=('legitimate.snr_db=[10]' monte_carlo.max_images=10000 'eavesdropper.attacks=[]')
receivers='legitimate.receivers=[noise-aware, noise-aware-pair, one-step, diffsem]'
for rule in matched mean transmitter; do
  for scenario in mnist-rayleigh mnist-rayleigh-blocks mnist-tdl mnist-mismatch; do
    run "step-$rule-$scenario" "$scenario" "${at_10db[@]}" "$receivers" "denoising.step=$rule" \
      'timesteps=[0, 120, 240]' monte_carlo.ci_half_width=null
  done
done

# The over-estimate counts for most where the channel's noise does.
for rule in matched transmitter; do
  run "step-$rule-mnist-mismatch-0db" mnist-mismatch "${at_10db[@]}" 'legitimate.snr_db=[0]' "$receivers" \
    "denoising.step=$rule" 'timesteps=[0, 120, 240]' monte_carlo.ci_half_width=null
done

# What a node knows of its channel: Rayleigh fading, 10 dB.
receivers='legitimate.receivers=[noise-aware, one-step]'
csi() { run "csi-$1" mnist-rayleigh "${at_10db[@]}" "$receivers" monte_carlo.ci_half_width=null "legitimate.csi=$2"; }
csi perfect perfect
csi ls-1 '{pilots: 1}'
csi ls-4 '{pilots: 4}'
csi lmmse-1 '{pilots: 1, estimator: lmmse}'
csi lmmse-4 '{pilots: 4, estimator: lmmse}'
csi lmmse-1-boost-10 '{pilots: 1, estimator: lmmse, boost_db: 10}'
csi lmmse-1-boost-20 '{pilots: 1, estimator: lmmse, boost_db: 20}'
csi lmmse-1-boost-30 '{pilots: 1, estimator: lmmse, boost_db: 30}'
csi outdated-0.99 '{pilots: 1, estimator: lmmse, boost_db: 30, correlation: 0.99}'
csi outdated-0.9 '{pilots: 1, estimator: lmmse, boost_db: 30, correlation: 0.9}'

# How much the eavesdropper's fading resembles the receiver's.
for coefficient in 0 0.5 0.9 1; do
  run "correlation-$coefficient" mnist-correlated 'legitimate.snr_db=[10]' monte_carlo.max_images=10000 "$receivers" \
    "eavesdropper.fading_correlation=$coefficient"
done

# The shipped scenarios.
run rayleigh mnist-rayleigh 'eavesdropper.attacks=[inversion-mlp, task-classifier]' monte_carlo.max_images=2560 \
  monte_carlo.ci_half_width=null
for name in digital rayleigh-blocks rician tdl simo mimo correlated mismatch; do
  run "$name" "mnist-$name"
done
