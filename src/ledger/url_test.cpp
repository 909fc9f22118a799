#include "ledger/url.h"

#include <gtest/gtest.h>

#include "core/testing.h"

namespace stevie::ledger {
namespace {

TEST(LedgerUrl, names_a_file_of_sqlite) {
  const Location relative = parse_url("sqlite:///data/my ledger.db");
  EXPECT_EQ(relative.dialect, Dialect::sqlite);
  EXPECT_EQ(relative.file, std::filesystem::current_path() / "data/my ledger.db");
  EXPECT_EQ(relative.name, "my ledger.db");
  EXPECT_EQ(parse_url("sqlite:////var/lib/stevie.db").file, "/var/lib/stevie.db");
}

TEST(LedgerUrl, names_a_database_of_postgresql) {
  const Location location =
      parse_url("postgresql://me:pass%40word@db.example.com:5433/trading?sslmode=require");
  EXPECT_EQ(location.dialect, Dialect::postgresql);
  EXPECT_EQ(location.name, "trading@db.example.com_5433");
  EXPECT_EQ(location.shown, "postgresql://me:***@db.example.com:5433/trading?sslmode=require");
  EXPECT_EQ(location.connection, "postgresql://me:pass%40word@db.example.com:5433/trading?sslmode=require");
  EXPECT_EQ(parse_url("postgres:///stevie").name, "stevie");
  EXPECT_EQ(parse_url("postgres:///stevie?host=/run/postgresql").name, "stevie@_run_postgresql");
  EXPECT_EQ(parse_url("postgres://h/a%2Fb..%00c").name.find('/'), std::string::npos);
}

TEST(LedgerUrl, is_refused_where_it_names_nothing) {
  for (const char* url : {"", "stevie.db", "sqlite:", "sqlite://stevie.db", "sqlite:///", "sqlite:///folder/",
                          "sqlite:///.", "sqlite:///folder/..", "sqlite:///a\"b", "mysql://h/d",
                          "postgresql://h", "postgresql://h/", "postgresql:"}) {
    EXPECT_EQ(error_of([url] { parse_url(url); }).code(), "ledger.bad_url") << url;
  }
}

TEST(LedgerUrl, hides_every_form_of_its_password) {
  const std::string url = "postgresql://me:p%40ss@h/d?sslpassword=key";
  EXPECT_EQ(without_password("user me, p%40ss or p@ss, key", url), "user me, *** or ***, ***");
  EXPECT_EQ(without_password("nothing", "sqlite:///x"), "nothing");
}

}  // namespace
}  // namespace stevie::ledger
