#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace stevie::app {

/// What the training of this kind in `folder` found, in a sentence or two: how its policy did on the
/// validation and on the test part, baselines beside it. No training changes parameters; where no results can
/// be read the sentence says only that.
std::string training_sentence(const std::filesystem::path& folder, const std::string& kind);

/// The figures that a training of this kind left in `folder`, as one JSON object with the members
///   sentence, symbol (or null), synthetic (or null);
///   rows: name, role ("policy", "member", "expert", "baseline"), seed or null, chosen, validation and test:
///     total_return, sharpe, max_drawdown, win_rate, trades, each a number or null, or null where it was not
///     judged there;
///   clone or null: expert, demonstrations, best_epoch, stopped_early, epochs (epoch, train_loss,
///     validation_loss, validation_accuracy), blocks of the cross-validation (rows, loss, accuracy), parts
///     (part, accuracy, majority_accuracy, repeat_accuracy, divergence_bits, same_exposure, tracking_error,
///     correlation);
///   ensemble or null: decisions, accuracy, mean_consensus, calibration_error_before and _after, members
///     (name, first_weight, weight, agreement, accuracy, contribution, calibration_error).
/// Absent where there are no results that can be read. Texts come out plain and of limited length, numbers
/// finite.
std::optional<std::string> training_results_json(const std::filesystem::path& folder,
                                                 const std::string& kind);

}  // namespace stevie::app
