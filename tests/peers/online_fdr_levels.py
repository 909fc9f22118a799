"""Prints the levels at which the package `online-fdr` tests a stream of p values.

usage: online_fdr_levels.py FILE ALPHA WEALTH CANDIDATE

FILE holds the p values. Prints the levels of LORD++ on one line and those of SAFFRON on the next.
"""

import sys

import numpy as np
from online_fdr.p_values.investing.lord.plus_plus import LordPlusPlus
from online_fdr.p_values.investing.saffron.saffron import Saffron

p_values = np.loadtxt(sys.argv[1])
alpha, wealth, candidate = (float(text) for text in sys.argv[2:5])
for rule in (LordPlusPlus(alpha, wealth), Saffron(alpha, wealth, candidate)):
    levels = []
    for p in p_values:
        rule.test_one(float(p))
        levels.append(rule.alpha)
    print(*(f"{level:.17g}" for level in levels))
