#include "rl/tensorboard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/error.h"
#include "tensorboard_event.pb.h"

namespace stevie::rl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_limit_bytes = 1 << 16;

[[noreturn]] void unwritable(const fs::path& path, int error_number) {
  throw Error("file.unwritable",
              fmt::format("cannot write the TensorBoard log here ({}): choose another place or free this one",
                          std::strerror(error_number)),
              path.string());
}

/// The largest n of the folders <algorithm>_<n>; 0 where there is none.
int newest_run(const fs::path& log, std::string_view algorithm) {
  const std::string prefix = fmt::format("{}_", algorithm);
  int newest = 0;
  std::error_code fault;
  for (const fs::directory_entry& entry : fs::directory_iterator(log, fault)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    int number = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error == std::errc{} && stop == end) newest = std::max(newest, number);
  }
  return newest;
}

fs::path run_folder(const fs::path& log, std::string_view algorithm, int number) {
  return log / fmt::format("{}_{}", algorithm, number);
}

std::string host_name() {
  constexpr std::size_t longest_name = 256;
  std::array<char, longest_name> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// TFRecord's masked checksum: TensorFlow, core/lib/hash/crc32c.h.
std::uint32_t masked_crc32c(std::string_view bytes) {
  constexpr std::uint32_t mask_delta = 0xa282ead8;
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + mask_delta;
}

template <class T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::vector<Scalar> read_scalars(const fs::path& file) {
  constexpr std::uintmax_t most_bytes = std::uintmax_t{64} << 20;
  constexpr std::size_t most_scalars = 1'000'000, longest_tag = 200;
  std::vector<Scalar> scalars;
  std::error_code fault;
  const std::uintmax_t bytes = fs::file_size(file, fault);
  if (fault) return scalars;
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(std::min(bytes, most_bytes)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));

  std::string_view rest = text;
  const auto take = [&rest](auto& value) {
    std::memcpy(&value, rest.data(), sizeof(value));
    rest.remove_prefix(sizeof(value));
  };
  constexpr std::size_t head = sizeof(std::uint64_t) + sizeof(std::uint32_t), tail = sizeof(std::uint32_t);
  while (rest.size() >= head + tail && scalars.size() < most_scalars) {
    std::uint64_t length = 0;
    std::uint32_t length_crc = 0, body_crc = 0;
    take(length);
    take(length_crc);
    if (masked_crc32c(as_bytes(length)) != length_crc || rest.size() < tail || length > rest.size() - tail)
      break;
    const std::string_view body = rest.substr(0, length);
    rest.remove_prefix(length);
    take(body_crc);
    proto::Event event;
    if (masked_crc32c(body) != body_crc ||
        !event.ParseFromArray(body.data(), static_cast<int>(std::min<std::size_t>(body.size(), INT_MAX))))
      break;
    for (const proto::Summary::Value& value : event.summary().value()) {
      if (value.tag().size() <= longest_tag && scalars.size() < most_scalars)
        scalars.push_back({value.tag(), static_cast<double>(value.simple_value()), event.step()});
    }
  }
  return scalars;
}

EventWriter::EventWriter(const fs::path& log, std::string_view algorithm, double wall_time) {
  open(run_folder(log, algorithm, newest_run(log, algorithm) + 1), wall_time);
}

EventWriter EventWriter::resume(const fs::path& log, std::string_view algorithm, double wall_time) {
  EventWriter writer;
  writer.open(run_folder(log, algorithm, std::max(newest_run(log, algorithm), 1)), wall_time);
  return writer;
}

EventWriter::EventWriter(EventWriter&& other) noexcept {
  *this = std::move(other);
}

EventWriter& EventWriter::operator=(EventWriter&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(file_, other.file_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

EventWriter::~EventWriter() {
  if (descriptor_ < 0) return;
  try {
    flush();
  } catch (const Error&) {
    // A destructor cannot report it. Whoever needs to know calls flush() first.
  }
  ::close(descriptor_);
}

void EventWriter::open(const fs::path& folder, double wall_time) {
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) unwritable(folder, fault.value());
  folder_ = folder;
  // A second writer of the same process and second takes the next number.
  const auto seconds = static_cast<std::int64_t>(wall_time);
  for (int number = 0; descriptor_ < 0; ++number) {
    file_ =
        folder / fmt::format("events.out.tfevents.{:010}.{}.{}.{}", seconds, host_name(), ::getpid(), number);
    constexpr int permissions = 0644;
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
    if (descriptor_ < 0 && errno != EEXIST) unwritable(file_, errno);
  }
  proto::Event event;
  event.set_wall_time(wall_time);
  event.set_file_version("brain.Event:2");
  record(event.SerializeAsString());
  flush();
}

void EventWriter::scalar(std::string_view tag, double value, std::int64_t step, double wall_time) {
  proto::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  proto::Summary::Value* entry = event.mutable_summary()->add_value();
  entry->set_tag(std::string(tag));
  entry->set_simple_value(static_cast<float>(value));
  record(event.SerializeAsString());
}

void EventWriter::record(std::string_view event) {
  const std::uint64_t length = event.size();
  buffer_.append(as_bytes(length));
  buffer_.append(as_bytes(masked_crc32c(as_bytes(length))));
  buffer_.append(event);
  buffer_.append(as_bytes(masked_crc32c(event)));
  if (buffer_.size() > buffer_limit_bytes) flush();
}

void EventWriter::flush() {
  std::size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int fault = errno;
      buffer_.erase(0, written);
      unwritable(file_, fault);
    }
    written += static_cast<std::size_t>(count);
  }
  buffer_.clear();
}

}  // namespace stevie::rl
