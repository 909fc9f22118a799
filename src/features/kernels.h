#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

namespace stevie::features {

/// The moving parts of indicators: each takes one value per bar and is O(1) per bar unless it says otherwise.
///
/// Rolling windows are cut into runs of `length` bars. A run that is full is replaced by its suffix sums (or
/// suffix extremes), so a window is always "rest of the last run" + "run so far". Nothing is ever subtracted:
/// a window of zeros sums to exactly 0 and a huge value leaves no residue once it has left the window.

/// Sum of the last `length` values; values before the first count as 0.
class RollingSum {
 public:
  explicit RollingSum(std::size_t length) : length_(length), run_(length + 1, 0.0) {}

  double push(double value) {
    sum_ += value;
    const double total = run_[position_ + 1] + sum_;
    run_[position_] = value;
    if (++position_ == length_) finish_run();
    return total;
  }

 private:
  void finish_run() {
    double suffix = 0;
    for (std::size_t i = length_; i-- > 0;) run_[i] = suffix += run_[i];
    sum_ = 0;
    position_ = 0;
  }

  std::size_t length_;
  std::size_t position_ = 0;
  double sum_ = 0;
  std::vector<double>
      run_;  // below position_: values of this run; above: suffix sums of the last run; last: 0
};

/// Mean of the last `length` values, of fewer while fewer have come.
class RollingMean {
 public:
  explicit RollingMean(std::size_t length) : sum_(length), length_(static_cast<double>(length)) {}

  double push(double value) {
    if (seen_ < length_) ++seen_;
    return sum_.push(value) / seen_;
  }

 private:
  RollingSum sum_;
  double length_;
  double seen_ = 0;
};

/// Largest of the last `length` values, of fewer while fewer have come. The smallest is minus the largest of
/// minus x.
class RollingMax {
 public:
  explicit RollingMax(std::size_t length) : length_(length), run_(length + 1, lowest) {}

  double push(double value) {
    best_ = std::max(best_, value);
    const double result = std::max(run_[position_ + 1], best_);
    run_[position_] = value;
    if (++position_ == length_) finish_run();
    return result;
  }

 private:
  static constexpr double lowest = -std::numeric_limits<double>::infinity();
  void finish_run() {
    double suffix = lowest;
    for (std::size_t i = length_; i-- > 0;) run_[i] = suffix = std::max(suffix, run_[i]);
    best_ = lowest;
    position_ = 0;
  }

  std::size_t length_;
  std::size_t position_ = 0;
  double best_ = lowest;
  std::vector<double> run_;
};

/// How many bars ago the largest of the last `length` values came: 0 .. length - 1; of equal ones the latest
/// counts.
class BarsSinceMax {
 public:
  explicit BarsSinceMax(std::size_t length) : length_(length), values_(length), bars_(length) {}

  std::size_t push(double value) {
    while (count_ > 0 && values_[at(count_ - 1)] <= value) --count_;
    if (count_ > 0 && bars_[first_] + length_ <= bar_) {
      first_ = first_ + 1 == length_ ? 0 : first_ + 1;
      --count_;
    }
    values_[at(count_)] = value;
    bars_[at(count_)] = bar_;
    ++count_;
    return bar_++ - bars_[first_];
  }

 private:
  std::size_t at(std::size_t offset) const {
    const std::size_t index = first_ + offset;
    return index < length_ ? index : index - length_;
  }

  std::size_t length_;
  std::size_t first_ = 0;  // ring of candidates, values falling, oldest first
  std::size_t count_ = 0;
  std::size_t bar_ = 0;
  std::vector<double> values_;
  std::vector<std::size_t> bars_;
};

/// Sum of the last `length` values and sum of age * value, where the newest value has age 0; values before
/// the first count as 0. What a rolling regression on time needs.
class RollingLine {
 public:
  struct Sums {
    double plain;
    double by_age;
  };
  explicit RollingLine(std::size_t length)
      : length_(length), plain_run_(length + 1, 0.0), aged_run_(length + 1, 0.0) {}

  Sums push(double value) {
    aged_ += plain_;  // everything in the run grows one bar older
    plain_ += value;
    const double old_plain = plain_run_[position_ + 1];
    const double age_of_run = static_cast<double>(position_ + 1);
    const Sums sums{old_plain + plain_, aged_run_[position_ + 1] + age_of_run * old_plain + aged_};
    plain_run_[position_] = value;
    if (++position_ == length_) finish_run();
    return sums;
  }

 private:
  void finish_run() {
    double plain = 0;
    double aged = 0;
    for (std::size_t i = length_; i-- > 0;) {
      aged += static_cast<double>(length_ - 1 - i) * plain_run_[i];
      plain += plain_run_[i];
      aged_run_[i] = aged;
      plain_run_[i] = plain;
    }
    plain_ = aged_ = 0;
    position_ = 0;
  }

  std::size_t length_;
  std::size_t position_ = 0;
  double plain_ = 0;
  double aged_ = 0;
  std::vector<double> plain_run_;
  std::vector<double> aged_run_;
};

/// The last `length` values side by side in memory, for the few indicators that look at each of them.
template <class T>
class RecentValues {
 public:
  explicit RecentValues(std::size_t length) : length_(length), buffer_(4 * length) {}

  void push(T value) {
    if (end_ == buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + end_ - length_, length_ * sizeof(T));
      end_ = length_;
    }
    buffer_[end_++] = value;
    if (count_ < length_) ++count_;
  }
  /// The newest value is data()[count() - 1].
  const T* data() const { return buffer_.data() + end_ - count_; }
  std::size_t count() const { return count_; }

 private:
  std::size_t length_;
  std::size_t end_ = 0;
  std::size_t count_ = 0;
  std::vector<T> buffer_;
};

/// Share of the last `length` values, the newest included, that lie below the newest: 0 <= rank < 1. Compares
/// in float32. O(length) per bar, several comparisons per instruction.
class RollingRank {
 public:
  explicit RollingRank(std::size_t length) : recent_(length) {}

  double push(double exact_value) {
    const float value = static_cast<float>(exact_value);
    recent_.push(value);
    const float* values = recent_.data();
    const int count = static_cast<int>(recent_.count());
    int below = 0;
    for (int i = 0; i < count; ++i) below += values[i] < value;
    return static_cast<double>(below) / count;
  }

 private:
  RecentValues<float> recent_;
};

/// Exponential moving average with alpha = 2 / (length + 1), seeded with the mean of the first `length`
/// values after `skip` ones, as TA-Lib does. Until then it is the mean of what has come after the skipped
/// ones.
class Ema {
 public:
  explicit Ema(std::size_t length, std::size_t skip = 0)
      : length_(static_cast<double>(length)), skip_(skip), alpha_(2.0 / (length_ + 1)) {}

  double push(double value) {
    if (seen_ == length_) return value_ += alpha_ * (value - value_);
    if (skip_ > 0) {
      --skip_;
      return value_ = value;
    }
    sum_ += value;
    ++seen_;
    return value_ = sum_ / seen_;
  }

 private:
  double length_;
  std::size_t skip_;
  double alpha_;
  double seen_ = 0;
  double sum_ = 0;
  double value_ = 0;
};

/// Wilder's average, alpha = 1 / length, seeded with the mean of the first `length` values; until then the
/// mean.
class WilderAverage {
 public:
  explicit WilderAverage(std::size_t length)
      : length_(static_cast<double>(length)), inverse_length_(1.0 / length_) {}

  double push(double value) {
    if (seen_ == length_) return value_ += (value - value_) * inverse_length_;
    sum_ += value;
    ++seen_;
    return value_ = sum_ / seen_;
  }

 private:
  double length_;
  double inverse_length_;
  double seen_ = 0;
  double sum_ = 0;
  double value_ = 0;
};

/// (a - b) / (a + b) for a, b >= 0: how much larger a is than b, in [-1, 1]; 0 where both are 0. For
/// variances it is tanh(ln(sigma_a / sigma_b)): a ratio that needs no logarithm and no guard against zero.
inline double contrast(double a, double b) {
  const double sum = a + b;
  return sum > 0 ? (a - b) / sum : 0.0;
}

inline double ratio_or_zero(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0.0;
}

/// Where a value lies between two bounds, 0 .. 1; 0.5 where the bounds meet.
inline double position_between(double value, double low, double high) {
  return high > low ? (value - low) / (high - low) : 0.5;
}

/// The largest move of price the bar may count for: Wilder's true range. `previous_close` is the bar
/// before's.
inline double true_range(double high, double low, double previous_close) {
  return std::max(high, previous_close) - std::min(low, previous_close);
}

}  // namespace stevie::features
