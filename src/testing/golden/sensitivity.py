#!/usr/bin/env python3
"""How far rounding alone moves the golden SGD runs: the reason for the tolerances in ../golden.ts.

Repeats runs of make_golden.py in double precision from weights with relative noise of float32's rounding
(6e-8) and prints, per run, the worst relative deviation of a loss over ten steps, sorted. Most draws stay
below 1e-6; in the others a rectifier's input has changed sign and the loss is off by up to 3e-3.

Run: python3 sensitivity.py [draws]      (needs torch and numpy; about a minute for 12 draws)
"""
import sys
import numpy as np
import torch
import make_golden as golden


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    weights = golden.initial_weights()
    images, labels = golden.batches()
    for name in golden.RUNS:
        arm, optimizer, *clip = name.split()
        if optimizer != 'sgd':
            continue
        setup = *golden.ARMS[arm], optimizer, bool(clip)
        exact = golden.train(*setup, weights, images, labels, torch.float64)['losses']
        worst = []
        for draw in range(draws):
            noise = np.random.RandomState(100 + draw)
            moved = {k: v.astype(np.float64) * (1 + noise.uniform(-6e-8, 6e-8, v.shape)) for k, v in weights.items()}
            losses = golden.train(*setup, moved, images, labels, torch.float64)['losses']
            worst.append(max(abs(a - b) / abs(b) for a, b in zip(losses, exact)))
        print(f'{name:15s}', ' '.join(f'{w:.1e}' for w in sorted(worst)), flush=True)


if __name__ == '__main__':
    main()
