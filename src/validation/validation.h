#pragma once
/// validation: the gate. Evidence goes in; an approval or the reasons against one come out.
///
/// Knows daily returns and counts; knows nothing of parameters, bars or files. Start with:
///   evidence.h  what has to be known about a proposal: both arms on the same unseen days, every candidate
///   gate.h      judge(): the checks, the verdict, the report; Approval, which nothing else can make
///
/// What always holds:
///   - a lack of data is never a pass: it ends in not_enough_evidence;
///   - the figures are computed here from the daily returns, by stats; nothing is believed;
///   - a promotion is corrected for every candidate the search looked at and for every proposal judged on
///   the same days before;
///   - the same evidence and configuration give the same bytes of report;
///   - docs/gate.md says what is checked and why, and how often the gate errs.
#include "validation/evidence.h"
#include "validation/gate.h"
