#pragma once
/// core: what every other folder stands on.
///
/// Nothing here knows about markets, learning or trading. Start with:
///   error.h        Error, the one exception type: a code, a sentence that says what to do, and the place
///   nearest_name.h the known name that a misspelt one most resembles
///   printable.h    bytes of a file made fit to be shown; markup.h: text made fit for HTML and SVG
///   time.h         TimeMs, parsing and printing of time stamps and durations, always UTC
///   random.h       RandomStream: counter-based random numbers keyed by (seed, stream, position)
///   file.h         whole files in and out: gzip read transparently, writing by temporary name and rename
///   bytes.h        ByteWriter and ByteReader for checkpoints
///   aligned.h      AlignedVector for arrays that vector instructions walk over
///   config.h       fields named once, read from file, environment and flags, checked as a whole
///   progress.h     how far long work is, its rate and the time left
///   interrupt.h    Ctrl-C as a flag that long work reads
///   thread_pool.h  a fixed number of threads that share loops
///
/// What always holds:
///   - a fault of the input throws stevie::Error, a fault of the program is an assertion;
///   - the same (seed, stream, position) gives the same random number on every machine and for any number of
///   threads;
///   - no file is ever half written under its final name;
///   - there are no global objects with state: what a function uses is passed to it (a signal's flag is the
///   exception).
#include "core/aligned.h"
#include "core/bytes.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "core/time.h"
