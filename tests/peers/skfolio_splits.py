"""Prints the splits of combinatorial purged cross-validation of the package `skfolio`.

usage: skfolio_splits.py PERIODS GROUPS TEST_GROUPS PURGE EMBARGO

Prints for each split the training periods on one line and the test periods on the next, then one line for each
group: the splits that test it, path by path.
"""

import sys

import numpy as np
from skfolio.model_selection import CombinatorialPurgedCV

periods, groups, test_groups, purge, embargo = (int(text) for text in sys.argv[1:6])
splits = CombinatorialPurgedCV(groups, test_groups, purged_size=purge, embargo_size=embargo)
for train, test in splits.split(np.zeros((periods, 1))):
    print(*train)
    print(*np.concatenate(test))
for row in splits.recombined_paths:
    print(*row)
