"""Prints what the package `arch` says about candidates against a benchmark.

usage: arch_superior_ability.py FILE BLOCK

FILE holds one candidate a line: its gain over the benchmark in each period. Prints one line each:
  the deviations w of the candidates (square root of the stationary bootstrap's variance);
  lower, consistent and upper p value of the gains divided by w. `arch` leaves its statistic in units of the gains
  whatever `studentize` says, so that dividing beforehand makes it Hansen's;
  the p value of the Reality Check of the gains as they are;
  the candidates that StepM finds superior at 5 %, again on the gains divided by w.
"""

import sys

import numpy as np
from arch.bootstrap import SPA, StepM

gains = np.loadtxt(sys.argv[1], ndmin=2).T
block = int(sys.argv[2])
benchmark = np.zeros(gains.shape[0])


def test(values):
    spa = SPA(benchmark, -values, block_size=block, reps=2000, seed=1)
    spa.compute()
    return spa


w = np.sqrt(test(gains)._loss_diff_var)
print(*w)
print(*test(gains / w).pvalues)
print(test(gains).pvalues["upper"])
steps = StepM(benchmark, -gains / w, size=0.05, block_size=block, reps=2000, seed=1)
steps.compute()
print(*steps.superior_models)
