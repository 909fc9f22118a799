#pragma once
/// core: what every other folder stands on.
///
/// Nothing here knows about markets, learning or trading. Start with:
///   error.h      Error, the one exception type: a stable code, a sentence that says what to do, and the place
///   time.h       TimeMs, parsing and printing of time stamps and durations, always UTC
///   random.h     RandomStream: counter-based random numbers keyed by (seed, stream, position)
///   file.h       whole files in and out: gzip read transparently, writing by temporary name and rename
///   bytes.h      ByteWriter / ByteReader for checkpoints
///   aligned.h    AlignedVector for arrays that vector instructions walk over
///
/// What always holds:
///   - a fault of the input throws stevie::Error, a fault of the program is an assertion;
///   - the same (seed, stream, position) gives the same random number on every machine and for any number of threads;
///   - no file is ever half written under its final name;
///   - there are no global objects with state: what a function uses is passed to it.
#include "core/aligned.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/time.h"
