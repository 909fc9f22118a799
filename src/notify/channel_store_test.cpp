#include "notify/channel_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "core/file.h"
#include "notify/notify_testing.h"

namespace stevie::notify {
namespace {

class ChannelStoreTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "notify" / "channels.json"; }
  ChannelStore open() const {
    return ChannelStore(folder_.path() / "notify", [] { return TimeMs{1'700'000'000'000}; });
  }
  static unsigned mode(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }
  TemporaryFolder folder_;
};

TEST_F(ChannelStoreTest, KeepsChannelsWhereNobodyElseCanReadThem) {
  ChannelStore store = open();
  EXPECT_TRUE(store.channels().empty());
  store.add(webhook("second"));
  store.add(telegram("first"));
  EXPECT_EQ(mode(file()), 0600U);
  EXPECT_EQ(mode(file().parent_path()), 0700U);

  ChannelStore again = open();
  const std::vector<Channel> channels = again.channels();
  ASSERT_EQ(channels.size(), 2U);
  EXPECT_EQ(channels[0].name, "first") << "by name";
  EXPECT_EQ(channels[0].token, telegram().token);
  EXPECT_EQ(channels[1].secret, webhook().secret);
  EXPECT_EQ(channels[1].url, webhook().url);
  EXPECT_EQ(channels[1].created, 1'700'000'000'000);
}

TEST_F(ChannelStoreTest, ChangesWhatIsGivenAndLeavesTheRest) {
  ChannelStore store = open();
  store.add(webhook());
  store.change("desk", {.events = std::vector{Event::rearm, Event::kill, Event::kill}, .enabled = false});
  const Channel changed = store.get("desk");
  EXPECT_EQ(changed.events, (std::vector{Event::kill, Event::rearm})) << "sorted, each once";
  EXPECT_FALSE(changed.enabled);
  EXPECT_EQ(changed.secret, webhook().secret);
  EXPECT_EQ(store.remove("desk").name, "desk");
  EXPECT_TRUE(open().channels().empty());
}

TEST_F(ChannelStoreTest, SeesWhatAnotherProcessWrote) {
  ChannelStore server = open(), command = open();
  EXPECT_TRUE(server.channels().empty());
  command.add(webhook());
  EXPECT_EQ(server.channels().size(), 1U);
  command.remove("desk");
  EXPECT_TRUE(server.channels().empty());
}

TEST_F(ChannelStoreTest, LosesNoChangeOfSeveralWritersAtOnce) {
  constexpr int writers = 4, each = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([this, i] {
      ChannelStore store = open();  // as a process of its own
      for (int k = 0; k < each; ++k) store.add(webhook("c" + std::to_string(i) + "-" + std::to_string(k)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(open().channels().size(), static_cast<std::size_t>(writers * each));
}

TEST_F(ChannelStoreTest, RefusesWhatCannotBeAndChangesNothing) {
  ChannelStore store = open();
  store.add(webhook());
  const std::string before = read_file(file());
  const auto refused = [&](Channel channel, const std::string& part) {
    channel.name = "other";
    const Error error = error_of([&] { store.add(channel); });
    EXPECT_EQ(error.code(), "notify.bad_channel");
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find(channel.secret.empty() ? "nothing" : channel.secret) != std::string::npos,
              channel.secret.empty());
  };
  Channel channel = webhook();
  channel.events.clear();
  refused(channel, "at least one event");
  for (const char* url : {"", "ftp://example.com/", "https://", "https://user:password@example.com/",
                          "https://example.com/a b", "https://example.com/\r\nX: y", "file:///etc/passwd",
                          "gopher://example.com:25/", "javascript:alert(1)", "https://user@example.com"}) {
    channel = webhook();
    channel.url = url;
    refused(channel, "url");
  }
  channel = webhook();
  channel.secret = "short";
  refused(channel, "secret");
  channel.secret = "with a space in the middle";
  refused(channel, "secret");
  channel = telegram();
  for (const char* token : {"", "123456", "123456:short", "123456:AA/../../../etc/passwd", "x:AAAAAAAAAAAA",
                            "123456:AAAAAAAAAAAAAAA?x=y"}) {
    channel.token = token;
    refused(channel, "token");
  }
  channel = telegram();
  for (const char* chat : {"", "-", "12a", "@", "@a b c d", "https://t.me/x"}) {
    channel.chat = chat;
    refused(channel, "chat");
  }
  channel = telegram();
  channel.url = webhook().url;
  refused(channel, "neither url nor secret");
  channel = webhook();
  channel.minimum_gap = -1;
  refused(channel, "minimum gap");

  for (const std::string& name : {std::string(), std::string("a b"), std::string("../x"),
                                  std::string(65, 'a'), std::string("a\nb"), std::string(".hidden")}) {
    channel = webhook(name);
    EXPECT_EQ(error_of([&] { store.add(channel); }).code(), "notify.bad_channel") << name;
  }
  EXPECT_EQ(error_of([&] { store.add(webhook()); }).code(), "notify.exists");
  EXPECT_EQ(error_of([&] { store.change("desk", {.url = "ftp://x/"}); }).code(), "notify.bad_channel");
  EXPECT_EQ(error_of([&] { store.change("desk", {.token = telegram().token}); }).code(),
            "notify.bad_channel");
  const Error unknown = error_of([&] { store.get("dexk"); });
  EXPECT_EQ(unknown.code(), "notify.unknown_channel");
  EXPECT_NE(unknown.message().find("did you mean desk"), std::string::npos);
  EXPECT_EQ(read_file(file()), before);
  EXPECT_EQ(store.get("desk").url, webhook().url);
}

TEST_F(ChannelStoreTest, HoldsABoundedNumber) {
  ChannelStore store = open();
  for (std::size_t i = 0; i < ChannelStore::most_channels; ++i) store.add(webhook("c" + std::to_string(i)));
  EXPECT_EQ(error_of([&] { store.add(webhook()); }).code(), "notify.too_many_channels");
}

TEST_F(ChannelStoreTest, NamesAFileThatIsDamagedAndQuotesNothingOfIt) {
  open().add(webhook());
  const std::string good = read_file(file());
  const auto write = [&](const std::string& text) {
    std::ofstream(file(), std::ios::trunc) << text;
    return error_of([&] { open().channels(); });
  };
  std::string newer = good;
  newer.replace(newer.find("\"schema\": 1"), 11, "\"schema\": 9");
  std::string other = good;
  other.replace(other.find("https"), 5, "file:");
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("{\"schema\":1}"), newer,
                                  other, good.substr(0, good.size() / 2), std::string("\xff\xfe\0", 3)}) {
    const Error error = write(text);
    EXPECT_EQ(error.code(), "notify.damaged") << text;
    EXPECT_EQ(std::string(error.what()).find(webhook().secret), std::string::npos);
  }
  EXPECT_EQ(write(std::string(2 << 20, 'x')).code(), "notify.unreadable");
  std::ofstream(file(), std::ios::trunc) << good;
  ::chmod(file().c_str(), 0644);
  EXPECT_EQ(error_of([&] { open().channels(); }).code(), "notify.readable_by_others");
}

TEST(Channel, ShowsNothingSecretOfItsAddress) {
  EXPECT_EQ(webhook().target(), "https://hooks.example.com/…");
  Channel channel = webhook();
  channel.url = "http://127.0.0.1:8080/token?key=secret";
  EXPECT_EQ(channel.target(), "http://127.0.0.1:8080/…");
  EXPECT_EQ(telegram().target(), "chat -1001234567890");
}

TEST(Event, HasANameThatCanBeReadBack) {
  for (std::size_t i = 0; i < event_count; ++i)
    EXPECT_EQ(parse_event(to_string(static_cast<Event>(i))), static_cast<Event>(i));
  const Error error = error_of([] { parse_event("kil"); });
  EXPECT_EQ(error.code(), "notify.unknown_event");
  EXPECT_NE(error.message().find("did you mean kill?"), std::string::npos);
}

}  // namespace
}  // namespace stevie::notify
