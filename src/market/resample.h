#pragma once
#include "market/bars.h"

namespace stevie::market {

/// Makes longer bars: first open, highest high, lowest low, last close, summed volume. Buckets are aligned to
/// UTC: to multiples of the interval since 1970-01-01 00:00, whole weeks to Monday.
///
/// - A bucket that the data enter or leave in its middle is dropped: the first where its first bar is missing
/// and the
///   last where its last bar is missing, for its open or close would be wrong.
/// - Any other bucket is made of the bars it has, as exchanges do over an outage; a bucket without bars stays
/// missing.
///
/// Throws Error "market.bad_interval" where the new interval is not a whole multiple (2 or more) of
/// bars.interval, and "market.no_bars" where no bucket is complete.
Bars resample(const Bars& bars, TimeMs interval);

}  // namespace stevie::market
