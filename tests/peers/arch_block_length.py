"""Prints the block lengths that the package `arch` chooses.

usage: arch_block_length.py FILE

FILE holds one series a line, numbers separated by spaces. Prints "stationary circular" for each line.
"""

import sys

import numpy as np
from arch.bootstrap import optimal_block_length

with open(sys.argv[1], encoding="ascii") as lines:
    for line in lines:
        series = np.array([float(number) for number in line.split()])
        stationary, circular = optimal_block_length(series).to_numpy()[0]
        print(f"{stationary:.17g} {circular:.17g}")
