#include "rl/replay_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/error.h"

namespace stevie::rl {
namespace {

constexpr std::size_t floats_per_line = 16;

std::size_t records_of_lane(std::size_t capacity, std::size_t lanes) {
  constexpr std::size_t fewest = 2;               // a step, and the observation that its episode ended with
  return std::max(capacity / lanes, fewest) + 1;  // and the one that waits for its action
}

}  // namespace

std::size_t ReplayBuffer::bytes_per_step(std::size_t observation_size, const env::SharedRows& shared) {
  return sizeof(Header) + (observation_size - shared.columns) * sizeof(float);
}

std::uint64_t ReplayBuffer::bytes_for(std::size_t capacity, std::size_t lanes, std::size_t observation_size,
                                      const env::SharedRows& shared) {
  return std::uint64_t{lanes} * records_of_lane(capacity, lanes) * bytes_per_step(observation_size, shared);
}

ReplayBuffer::ReplayBuffer(std::size_t capacity, std::size_t lanes, std::size_t observation_size,
                           const env::SharedRows& shared)
    : shared_(shared),
      own_(observation_size - shared.columns),
      words_a_record_(header_words + own_),
      records_a_lane_(records_of_lane(capacity, lanes)),
      lanes_(lanes),
      words_(lanes * records_a_lane_ * words_a_record_) {}

ReplayBuffer::Header ReplayBuffer::header(std::size_t record) const {
  Header header;
  std::memcpy(&header, at(record), sizeof(Header));
  return header;
}

void ReplayBuffer::write_header(std::size_t record, const Header& header) {
  std::memcpy(at(record), &header, sizeof(Header));
}

std::size_t ReplayBuffer::after(std::size_t record) const {
  const std::size_t next = record + 1;
  return next % records_a_lane_ == 0 ? next - records_a_lane_ : next;
}

std::size_t ReplayBuffer::before(std::size_t record) const {
  return record % records_a_lane_ == 0 ? record + records_a_lane_ - 1 : record - 1;
}

std::size_t ReplayBuffer::steps() const {
  std::size_t total = 0;
  for (const Lane& lane : lanes_) total += lane.steps;
  return total;
}

bool ReplayBuffer::is_step(std::size_t record) const {
  const std::size_t lane = record / records_a_lane_;
  const std::size_t behind = (open_record(lane) + records_a_lane_ - record) % records_a_lane_;
  return behind > 0 && behind <= lanes_[lane].filled && header(record).kind != final_observation;
}

std::size_t ReplayBuffer::newest(std::size_t lane) const {
  std::size_t record = before(open_record(lane));
  while (header(record).kind == final_observation) record = before(record);
  return record;
}

void ReplayBuffer::write_observation(std::size_t record, const float* observation, std::uint32_t row) {
  write_header(record, {row, 0.0f, 0, running});
  std::memcpy(at(record) + header_words, observation + shared_.columns, own_ * sizeof(float));
}

void ReplayBuffer::start(std::size_t lane, const float* observation, std::uint32_t row) {
  lanes_[lane] = {};
  write_observation(open_record(lane), observation, row);
}

/// The open record becomes a filled one and the oldest, if there is no other, the open one.
void ReplayBuffer::open_next(std::size_t index) {
  Lane& lane = lanes_[index];
  if (header(open_record(index)).kind != final_observation) ++lane.steps;
  lane.open = lane.open + 1 == records_a_lane_ ? 0 : lane.open + 1;
  if (lane.filled + 1 < records_a_lane_) {
    ++lane.filled;
  } else if (header(open_record(index)).kind != final_observation) {
    --lane.steps;
  }
}

void ReplayBuffer::add(std::size_t lane, const ReplayStep& step) {
  const std::size_t record = open_record(lane);
  const Kind kind = step.terminated ? terminated : step.truncated ? truncated : running;
  write_header(record, {header(record).row, step.reward, static_cast<std::uint16_t>(step.action), kind});
  open_next(lane);
  if (kind == truncated) {
    const std::size_t final = open_record(lane);
    write_observation(final, step.final_observation, step.final_row);
    write_header(final, {step.final_row, 0.0f, 0, final_observation});
    open_next(lane);
  }
  write_observation(open_record(lane), step.next_observation, step.next_row);
}

std::size_t ReplayBuffer::any_filled(std::size_t lane, RandomStream& random) const {
  const std::uint64_t open = lanes_[lane].open;
  const std::uint64_t behind = 1 + random.below(lanes_[lane].filled);
  return lane * records_a_lane_ + (open >= behind ? open - behind : open + records_a_lane_ - behind);
}

void ReplayBuffer::draw(RandomStream& random, std::span<std::size_t> records) const {
  for (std::size_t& record : records) {
    record = any_filled(lanes_.size() == 1 ? 0 : random.below(lanes_.size()), random);
    prefetch(record);
  }
  // Which of them hold no step is looked at once their memory is on its way.
  for (std::size_t& record : records) {
    while (header(record).kind == final_observation) record = any_filled(record / records_a_lane_, random);
  }
}

void ReplayBuffer::prefetch(std::size_t record) const {
  const std::uint32_t* words = at(record);
  const std::size_t count = 2 * words_a_record_;  // the next observation is the next record's
  for (std::size_t i = 0; i < count; i += floats_per_line) __builtin_prefetch(words + i);
}

void ReplayBuffer::prefetch_observation(std::size_t record) const {
  if (shared_.columns == 0) return;
  const float* row = shared_.values + header(record).row * shared_.columns;
  for (std::size_t i = 0; i < shared_.columns; i += floats_per_line) __builtin_prefetch(row + i);
}

std::int32_t ReplayBuffer::action(std::size_t record) const {
  return header(record).action;
}

ReplayReturn ReplayBuffer::look_ahead(std::size_t record, std::size_t steps, float gamma) const {
  const std::size_t open = open_record(record / records_a_lane_);
  ReplayReturn result{record, 0.0f, 1.0f};
  for (std::size_t i = 0; i < steps && result.next != open; ++i) {
    const Header header = this->header(result.next);
    result.reward += result.discount * header.reward;
    result.discount *= gamma;
    result.next = after(result.next);
    if (header.kind == terminated) result.discount = 0.0f;
    if (header.kind != running) break;
  }
  return result;
}

void ReplayBuffer::copy_observation(std::size_t record, float* out) const {
  const std::uint32_t* words = at(record);
  if (shared_.columns > 0) {
    std::memcpy(out, shared_.values + header(record).row * shared_.columns, shared_.columns * sizeof(float));
  }
  std::memcpy(out + shared_.columns, words + header_words, own_ * sizeof(float));
}

void ReplayBuffer::save(ByteWriter& writer) const {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    writer.value(lanes_[i]);
    // A lane that has not gone round yet has nothing behind its open record.
    writer.array(std::span(at(i * records_a_lane_), (lanes_[i].filled + 1) * words_a_record_));
  }
}

void ReplayBuffer::load(ByteReader& reader, std::size_t action_count) {
  const auto require = [](bool good) {
    if (!good) throw Error("bytes.damaged", "the saved state is damaged or belongs to another configuration");
  };
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const Lane lane = reader.value<Lane>();
    require(lane.open < records_a_lane_ && lane.filled < records_a_lane_);
    require(lane.open == lane.filled || lane.filled + 1 == records_a_lane_);
    lanes_[i] = lane;
    reader.array_into(std::span(at(i * records_a_lane_), (lane.filled + 1) * words_a_record_));
    std::uint64_t steps = 0;
    for (std::size_t record = i * records_a_lane_; record <= i * records_a_lane_ + lane.filled; ++record) {
      const Header header = this->header(record);
      require(header.kind <= final_observation && header.action < action_count);
      require(shared_.columns == 0 || header.row < shared_.rows);
      steps += is_step(record) ? 1 : 0;
    }
    require(steps == lane.steps && (lane.steps > 0 || lane.filled == 0));
    require(header(open_record(i)).kind == running);
  }
}

}  // namespace stevie::rl
