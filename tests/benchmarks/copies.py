"""Systems that cost the same, `copies:COPY_1` to `copies:COPY_16`: one shipped receiver under as many names."""

from dataclasses import replace

from diffsem.scenarios.systems import shipped_systems

COPIES = 16

globals().update(
    {
        f"COPY_{number}": replace(shipped_systems()["one-step"], name=f"copy-{number}", title=f"copy {number}")
        for number in range(1, COPIES + 1)
    }
)
