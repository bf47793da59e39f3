#!/usr/bin/env bash
# Images a second on CPU and GPU: tests/benchmarks/gpu.sh [OUT.json]; PYTHON=... takes another interpreter.
# Prints a Markdown table and writes JSON. Ends with status 2 where TensorFlow sees no GPU.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
out=${1:-results/gpu.json}
python=${PYTHON:-$here/../../.venv/bin/python}
if ! command -v -- "$python" >/dev/null; then
    python=python3
fi
export TF_CPP_MIN_LOG_LEVEL=3

see='import tensorflow as tf; raise SystemExit(0 if tf.config.list_physical_devices("GPU") else 3)'
status=0
"$python" -c "$see" 2>/dev/null || status=$?
if [ "$status" -eq 3 ]; then
    echo "gpu.sh: TensorFlow sees no GPU here; allowed: a machine with one, and pip install 'tensorflow[and-cuda]'" >&2
    exit 2
elif [ "$status" -ne 0 ]; then
    echo "gpu.sh: $python cannot import TensorFlow; allowed: PYTHON=... with diffsem installed" >&2
    exit 2
fi

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
for scenario in mnist-quick fig4-mnist; do
    for device in CPU GPU; do
        visible=()
        if [ "$device" = CPU ]; then
            visible=(CUDA_VISIBLE_DEVICES=-1)
        fi
        env "${visible[@]}" "$python" -m diffsem.scenarios.command_line run "$scenario" --profile \
            --out "$folder/$scenario-$device.h5" --set 'timesteps=[240]' --set 'legitimate.snr_db=[0, 15]' \
            --set monte_carlo.max_images=4096 --set monte_carlo.ci_half_width=null \
            --set monte_carlo.target_errors=null >/dev/null
    done
done
"$python" "$here/gpu_rates.py" "$folder" --out "$out"
