#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::rl {

/// Writes scalars as a TensorBoard event file. Folder: <log>/<algorithm>_<n>/ with the first n >= 1 that is
/// greater than every one already there. File: events.out.tfevents.<seconds>.<host>.<process>.0.
///
/// Appends as it goes (a reader follows a running training), so this is the one output that grows in place: a
/// cut-off last record is what TensorBoard's readers expect and skip.
class EventWriter {
 public:
  /// wall_time: seconds since 1970. Throws Error "file.unwritable".
  EventWriter(const std::filesystem::path& log, std::string_view algorithm, double wall_time);
  /// Continues the newest folder of that algorithm with a further event file, as a resumed run does; makes
  /// the first where there is none.
  static EventWriter resume(const std::filesystem::path& log, std::string_view algorithm, double wall_time);

  EventWriter(EventWriter&& other) noexcept;
  EventWriter& operator=(EventWriter&& other) noexcept;
  ~EventWriter();

  /// Buffered; `step` is the number of environment steps so far. tag: "rollout/ep_rew_mean", "train/loss",
  /// ...
  void scalar(std::string_view tag, double value, std::int64_t step, double wall_time);
  /// Hands everything so far to the operating system. Throws Error "file.unwritable".
  void flush();

  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  EventWriter() = default;
  void open(const std::filesystem::path& folder, double wall_time);
  void record(std::string_view event);

  std::filesystem::path folder_;
  std::filesystem::path file_;
  int descriptor_ = -1;
  std::string buffer_;
};

/// One scalar of an event file.
struct Scalar {
  std::string tag;
  double value = 0;
  std::int64_t step = 0;
};

/// The scalars of an event file in their order, up to the first record that is damaged or cut off. At most
/// 64 MiB of the file and a million scalars are read; tags of more than 200 bytes are left out. A file that
/// cannot be read has none.
std::vector<Scalar> read_scalars(const std::filesystem::path& file);

/// CRC-32C (Castagnoli polynomial, reflected 0x82F63B78), RFC 3720 appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace stevie::rl
