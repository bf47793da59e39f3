"""The diffusion: its noise schedule, the transmitter's self-noise, and the receiver's denoising."""
