#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/clone_report.h"
#include "core/markup.h"
#include "core/progress.h"
#include "evaluation/embedded_assets.h"
#include "evaluation/format.h"

namespace stevie::app {
namespace {

constexpr double width = 760, height = 300, left = 56, right = 12, top = 16, bottom = 40;

std::string percent(double share) {
  return evaluation::format_percent(share);
}

/// The losses of the epochs as lines, with the epoch that was kept.
class LossPicture {
 public:
  explicit LossPicture(const CloneReport& report) : report_(report) {
    low_ = high_ = report.fit.epochs.front().validation_loss;
    most_ = report.fit.epochs.size();
    const auto widen = [this](const rl::CloningFit& fit) {
      most_ = std::max(most_, fit.epochs.size());
      for (const rl::CloningEpoch& epoch : fit.epochs) {
        low_ = std::min({low_, epoch.train_loss, epoch.validation_loss});
        high_ = std::max({high_, epoch.train_loss, epoch.validation_loss});
      }
    };
    widen(report.fit);
    for (const rl::CloningFit& fold : report.folds) widen(fold);
    if (!(high_ > low_)) high_ = low_ + 1;
  }

  std::string svg() const {
    std::string text = fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Loss of training and validation by epoch\">"
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"frame\"/>",
        width, height, left, top, width - left - right, height - top - bottom);
    constexpr int ticks = 4;
    for (int i = 0; i <= ticks; ++i) {
      const double loss = low_ + (high_ - low_) * i / ticks;
      text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3f}</text>", left - 6,
                          y(loss) + 4, loss);
    }
    constexpr std::size_t most_labels = 10;
    const std::size_t step = std::max<std::size_t>(1, (most_ + most_labels - 1) / most_labels);
    for (std::size_t epoch = 1; epoch <= most_; epoch += step)
      text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x(epoch),
                          height - bottom + 18, epoch);
    text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">epoch</text>",
                        (left + width - right) / 2, height - 4);
    for (const rl::CloningFit& fold : report_.folds)
      text += line(fold, &rl::CloningEpoch::validation_loss, "fold");
    text += line(report_.fit, &rl::CloningEpoch::train_loss, "train");
    text += line(report_.fit, &rl::CloningEpoch::validation_loss, "held");
    const std::size_t best = report_.fit.best_epoch;
    return text + fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"kept\"/></svg>\n", x(best),
                              y(report_.fit.epochs[best - 1].validation_loss));
  }

 private:
  double x(std::size_t epoch) const {
    const double share = most_ > 1 ? static_cast<double>(epoch - 1) / static_cast<double>(most_ - 1) : 0.5;
    return left + share * (width - left - right);
  }
  double y(double loss) const {
    return height - bottom - (loss - low_) / (high_ - low_) * (height - top - bottom);
  }
  std::string line(const rl::CloningFit& fit, double rl::CloningEpoch::*loss, const char* kind) const {
    std::string points;
    for (std::size_t i = 0; i < fit.epochs.size(); ++i)
      points += fmt::format("{:.1f},{:.1f} ", x(i + 1), y(fit.epochs[i].*loss));
    return fmt::format("<polyline class=\"{}\" points=\"{}\"/>", kind, points);
  }

  const CloneReport& report_;
  double low_ = 0, high_ = 1;
  std::size_t most_ = 1;
};

std::string row(const std::string& name, const std::vector<std::string>& cells) {
  std::string text = "<tr><th scope=\"row\">" + markup_escaped(name) + "</th>";
  for (const std::string& cell : cells) text += "<td>" + markup_escaped(cell) + "</td>";
  return text + "</tr>\n";
}

std::string table(const std::vector<std::string>& head, const std::string& body) {
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  for (const std::string& name : head) text += "<th scope=\"col\">" + markup_escaped(name) + "</th>";
  return text + "</tr></thead><tbody>" + body + "</tbody></table></div>\n";
}

std::string card(const std::string& title, const std::string& content) {
  return "<section class=\"card\"><h2>" + title + "</h2>\n" + content + "</section>\n";
}

std::string imitation_table(const CloneReport& report) {
  std::string body;
  const auto add = [&body](const std::string& name, const rl::Imitation& score, const std::string& epoch) {
    body += row(name, {format_count(score.rows), epoch, fmt::format("{:.4f}", score.loss),
                       percent(score.accuracy), percent(score.majority_accuracy),
                       percent(score.repeat_accuracy), percent(score.change_accuracy),
                       percent(score.balanced_accuracy), fmt::format("{:.4f}", score.divergence)});
  };
  for (std::size_t i = 0; i < report.folds.size(); ++i)
    add(fmt::format("block {}, {} to {}", i + 1, format_time(report.fold_periods[i].from),
                    format_time(report.fold_periods[i].to - 1)),
        report.folds[i].validation, fmt::format("{}", report.folds[i].best_epoch));
  for (const CloneDeviation& deviation : report.deviations)
    add(deviation.part, deviation.imitation, fmt::format("{}", report.fit.best_epoch));
  return table({"", "Rows", "Epoch kept", "Loss", "Accuracy", "Of the commonest action",
                "Of repeating the last", "Where it changes", "Mean over actions", "Divergence, bits"},
               body) +
         "<p class=\"note\">Each block was tested by a policy that was trained on the others, without the "
         "bars around it. The commonest action is what a policy that looks at nothing gets right, repeating "
         "the last one what a policy that only "
         "looks at its position gets right; where the action changes is what has to be learnt. The "
         "divergence is that of Jensen and Shannon between how often expert and policy take each action: 0 "
         "is the same.</p>\n";
}

std::string deviation_table(const CloneReport& report) {
  std::string body;
  for (const CloneDeviation& deviation : report.deviations) {
    body += row(deviation.part + ": return",
                {percent(deviation.expert_return), percent(deviation.demonstrated_return),
                 percent(deviation.clone_return), percent(deviation.buy_and_hold_return)});
    body += row(deviation.part + ": closed trades",
                {fmt::format("{}", deviation.expert_trades), fmt::format("{}", deviation.demonstrated_trades),
                 fmt::format("{}", deviation.clone_trades), "-"});
    body += row(deviation.part + ": clone beside the expert by actions",
                {"same exposure " + percent(deviation.same_exposure),
                 "tracking error a year " + percent(deviation.tracking_error),
                 "correlation " + (deviation.correlation ? fmt::format("{:.3f}", *deviation.correlation)
                                                         : std::string("-")),
                 ""});
  }
  return table({"", "Expert", "Expert by actions", "Clone", "Buy and hold"}, body) +
         "<p class=\"note\">The expert by actions holds one of the environment's exposures and leaves a "
         "stop at the next open: that is what was cloned. Every run plays by itself, net of all costs.</p>\n";
}

std::string confusion_table(const CloneReport& report, const CloneDeviation& deviation) {
  const std::size_t actions = report.exposures.size();
  std::vector<std::string> head{"Expert's action"};
  for (const double exposure : report.exposures) head.push_back("Clone: " + exposure_name(exposure));
  std::string body;
  for (std::size_t a = 0; a < actions; ++a) {
    std::vector<std::string> cells;
    for (std::size_t b = 0; b < actions; ++b)
      cells.push_back(format_count(deviation.imitation.confusion[a * actions + b]));
    body += row(exposure_name(report.exposures[a]), cells);
  }
  return table(head, body);
}

constexpr std::string_view picture_style =
    "svg{width:100%;max-width:760px;font-size:12px}svg text{fill:var(--muted)}"
    ".frame{fill:none;stroke:var(--line)}polyline{fill:none;stroke-width:2}"
    ".fold{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3;opacity:.7}"
    ".train{stroke:var(--hold);stroke-dasharray:10 4}.held{stroke:var(--strategy)}"
    ".kept{fill:none;stroke:var(--strategy);stroke-width:2}"
    ".key{display:inline-block;width:26px;border-top:2px solid;vertical-align:middle;margin:0 6px 0 14px}"
    ".key.train{border-color:var(--hold);border-top-style:dashed}.key.held{border-color:var(--strategy)}"
    ".key.fold{border-top-style:dotted;border-color:var(--muted)}";

}  // namespace

std::string render_html(const CloneReport& report) {
  const std::string market = report.symbol.empty() ? "bars of" : report.symbol;
  const std::string title =
      markup_escaped("Behaviour cloning on " + market + " " + format_duration(report.interval));
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n";
  page += fmt::format("<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n<main>\n", title,
                      evaluation::report_style(), picture_style);
  page += "<header>";
  if (report.synthetic)
    page +=
        "<p class=\"badge\">SYNTHETIC MARKET: these prices were generated, nobody ever traded at them</p>";
  page +=
      fmt::format("<h1>{}</h1><p class=\"source\">Expert: {}</p><p class=\"source\">Data: {}</p></header>\n",
                  title, markup_escaped(report.expert), markup_escaped(report.data));
  page += "<section class=\"card verdict\"><p>" + markup_escaped(clone_verdict(report)) + "</p></section>\n";
  page += card(
      "Loss by epoch",
      LossPicture(report).svg() +
          "<p class=\"note\"><span class=\"key train\"></span>training<span class=\"key held\"></span>"
          "validation<span class=\"key fold\"></span>tested blocks of the cross-validation; the ring is the "
          "epoch that was kept.</p>\n");
  page += card("Imitation", imitation_table(report));
  page += card("Playing by itself", deviation_table(report));
  for (const CloneDeviation& deviation : report.deviations)
    page += card("Actions on what the expert saw, " + deviation.part + " part",
                 confusion_table(report, deviation));
  std::string settings;
  for (const auto& [name, value] : report.configuration)
    settings += "<dt>" + markup_escaped(name) + "</dt><dd>" + markup_escaped(value) + "</dd>";
  page += card("Configuration", "<dl>" + settings + "</dl>");
  return page + "<footer>Made by Stevie.</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace stevie::app
