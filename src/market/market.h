#pragma once
/// market: bars and other time series, from a file, a download or a generator to what the rest of the program
/// uses.
///
/// Start with readers.h: read_bars(path) recognises the format by content, checks every row and gives Bars
/// (bars.h), columns oldest first. Everything else takes Bars:
///   quality.h      what is wrong or remarkable in a file, as a list (read_bars stops at the first fault
///   instead) gaps.h         where bars are missing, and the segments in between that an episode may run over
///   resample.h     1h -> 4h, 1d, ...
///   split.h        training, validation and test ranges by time, with an embargo in between
///   aligned_set.h  several symbols on one clock
///   side_series.h  sentiment, funding and the like, joined as of the time they were known
///   synthetic.h    made-up markets with known properties
///   stages.h       how hard the market behind each bar is, in four stages
///   augmentation.h bars changed a little, or laid out anew in blocks, to train on
///   download.h     bars from Binance's public REST interface
///   klines.h       Binance's pages of bars: request and answer, for download.h and the live feed
///   raw_bars.h     the parser below readers.h and quality.h: rows as they stand in the file
///
/// What always holds:
///   - a bar is stamped with its OPEN, UTC, and is known when it has closed, at open_time + interval;
///   - Bars that came out of this folder keep the promises written at struct Bars;
///   - nothing is filled in or interpolated: a missing bar is missing;
///   - the input's faults are stevie::Error with path:line, never a crash or a NaN;
///   - the same configuration and seed give the same synthetic bars, byte for byte.
#include "market/aligned_set.h"
#include "market/augmentation.h"
#include "market/bars.h"
#include "market/download.h"
#include "market/gaps.h"
#include "market/klines.h"
#include "market/quality.h"
#include "market/raw_bars.h"
#include "market/readers.h"
#include "market/resample.h"
#include "market/side_series.h"
#include "market/split.h"
#include "market/stages.h"
#include "market/synthetic.h"
