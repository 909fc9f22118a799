#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "core/bytes.h"
#include "core/random.h"
#include "env/vector_env.h"

namespace stevie::rl {

/// What one call of VectorEnv::step() did in one lane.
struct ReplayStep {
  std::int32_t action = 0;
  float reward = 0;
  bool terminated = false;
  bool truncated = false;
  const float* next_observation = nullptr;   // after any reset
  std::uint32_t next_row = 0;                // of SharedRows
  const float* final_observation = nullptr;  // read where only truncated
  std::uint32_t final_row = 0;
};

/// Several steps on from one record of a ReplayBuffer.
struct ReplayReturn {
  std::size_t next = 0;  // record of the observation to go on from; of no meaning where discount is 0
  float reward = 0;      // discounted sum of the steps' rewards
  float discount = 0;    // gamma to the number of steps; 0 where the episode was terminated
};

/// The last steps of every lane: a ring of records a lane, oldest overwritten first. A record holds one
/// observation and what was done there; the observation after it is the next record's, so that each is stored
/// once. Where an observation begins with a row that lanes share (VectorEnv::shared_rows), only the number of
/// the row and the lane's own values are kept. An episode that was truncated takes one record more, for the
/// observation it ended with.
///
/// A record is known by its index, 0 .. records() - 1, which stays valid until it is overwritten.
class ReplayBuffer {
 public:
  /// capacity: steps of all lanes together; each lane gets its equal share, at least two.
  ReplayBuffer(std::size_t capacity, std::size_t lanes, std::size_t observation_size,
               const env::SharedRows& shared);

  /// Memory of one step, and of the whole buffer, without making it.
  static std::size_t bytes_per_step(std::size_t observation_size, const env::SharedRows& shared);
  static std::uint64_t bytes_for(std::size_t capacity, std::size_t lanes, std::size_t observation_size,
                                 const env::SharedRows& shared);

  /// The observation a lane starts with; before its first add().
  void start(std::size_t lane, const float* observation, std::uint32_t row);
  void add(std::size_t lane, const ReplayStep& step);

  std::size_t lanes() const { return lanes_.size(); }
  std::size_t records() const { return lanes_.size() * records_a_lane_; }
  /// Steps that are held, of one lane or of all.
  std::size_t steps(std::size_t lane) const { return lanes_[lane].steps; }
  std::size_t steps() const;
  /// Whether a step can be drawn from this record: it holds one that is complete.
  bool is_step(std::size_t record) const;
  /// The record that the newest step of a lane is in, and the one before a record in its lane. For tests, and
  /// for those who keep something beside each record.
  std::size_t newest(std::size_t lane) const;
  std::size_t before(std::size_t record) const;
  /// The record that waits for the next step of the lane.
  std::size_t open_record(std::size_t lane) const { return lane * records_a_lane_ + lanes_[lane].open; }

  /// Fills `records` with steps drawn with equal probability for lanes and, within one, for steps, and asks
  /// for their memory. steps() must not be 0.
  void draw(RandomStream& random, std::span<std::size_t> records) const;
  /// Asks for a record's memory ahead of its use, and for the rows its observation shares.
  void prefetch(std::size_t record) const;
  void prefetch_observation(std::size_t record) const;

  std::int32_t action(std::size_t record) const;
  /// Up to `steps` steps from this one on, fewer where the episode or the lane's newest step comes first:
  /// Stable-Baselines3's NStepReplayBuffer, and for 1 its ReplayBuffer.
  ReplayReturn look_ahead(std::size_t record, std::size_t steps, float gamma) const;
  /// Writes observation_size values.
  void copy_observation(std::size_t record, float* out) const;

  /// The steps held; load() throws Error "bytes.damaged" where the bytes are of another buffer, and leaves
  /// this one unusable.
  void save(ByteWriter& writer) const;
  void load(ByteReader& reader, std::size_t action_count);

 private:
  enum Kind : std::uint16_t { running, terminated, truncated, final_observation };
  struct Header {
    std::uint32_t row;
    float reward;
    std::uint16_t action;
    Kind kind;
  };
  static constexpr std::size_t header_words = sizeof(Header) / sizeof(std::uint32_t);
  struct Lane {
    std::uint64_t open = 0;    // the record that waits for its action, within the lane
    std::uint64_t filled = 0;  // records before it that hold something
    std::uint64_t steps = 0;   // those of them that hold a step
  };

  const std::uint32_t* at(std::size_t record) const { return words_.data() + record * words_a_record_; }
  std::uint32_t* at(std::size_t record) { return words_.data() + record * words_a_record_; }
  Header header(std::size_t record) const;
  void write_header(std::size_t record, const Header& header);
  std::size_t after(std::size_t record) const;
  /// Any record of the lane that holds something.
  std::size_t any_filled(std::size_t lane, RandomStream& random) const;
  void write_observation(std::size_t record, const float* observation, std::uint32_t row);
  void open_next(std::size_t lane);

  env::SharedRows shared_;
  std::size_t own_;  // values of an observation that are kept in the record
  std::size_t words_a_record_;
  std::size_t records_a_lane_;
  std::vector<Lane> lanes_;
  AlignedVector<std::uint32_t> words_;  // (lanes, records_a_lane, words_a_record): header, own values
};

}  // namespace stevie::rl
