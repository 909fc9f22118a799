#pragma once
#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "nn/peak.h"

namespace stevie::app {

/// Of each measurement; a row is the median of its rounds.
inline constexpr int rounds = 5;

/// Seconds since some moment.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// A value and the peak that was measured right before it, medians over rounds.
struct Measured {
  double value;
  double peak;
};

/// body(seconds) returns a rate.
template <class Body>
Measured measure(double seconds, Body&& body) {
  constexpr double peak_seconds = 0.05;
  std::vector<double> values, peaks;
  for (int round = 0; round < rounds; ++round) {
    peaks.push_back(nn::measure_fma_peak(peak_seconds));
    values.push_back(body(seconds / rounds));
  }
  return {median(values), median(peaks)};
}

/// Seconds of processor time that this thread has used: what a second on one core is where others use it too.
inline double processor_now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Units a second of a body that returns how many units it did, called for about `seconds`, at least once.
template <class Body>
double rate_of(double seconds, Body&& body, double (*clock)() = now) {
  const double start = clock();
  double units = 0;
  do {
    units += body();
  } while (clock() - start < seconds);
  return units / (clock() - start);
}

}  // namespace stevie::app
