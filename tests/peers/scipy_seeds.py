"""Prints what `scipy` says about two sets of scores.

usage: scipy_seeds.py FILE

FILE holds one set a line. Prints the interquartile mean of the first (trimmed mean, as rliable takes it) and the
probability that one of the first is higher than one of the second (Mann-Whitney's U over the number of pairs).
"""

import sys

import numpy as np
from scipy.stats import mannwhitneyu, trim_mean

with open(sys.argv[1], encoding="ascii") as lines:
    first, second = (np.array([float(number) for number in line.split()]) for line in lines)
print(f"{trim_mean(first, 0.25):.17g}")
print(f"{mannwhitneyu(first, second).statistic / (len(first) * len(second)):.17g}")
