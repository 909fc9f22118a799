#include "ledger/schema.h"

#include <fmt/format.h>

#include <utility>

namespace stevie::ledger {
namespace {

using Statements = std::vector<std::string>;

constexpr const char* columns =
    "time BIGINT NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL, body TEXT NOT NULL, "
    "previous_hash TEXT NOT NULL, hash TEXT NOT NULL";

Statements tables(Dialect dialect) {
  // INTEGER PRIMARY KEY makes SQLite refuse anything but integers there; PostgreSQL's INTEGER has only 32
  // bits.
  const char* number = dialect == Dialect::sqlite ? "INTEGER" : "BIGINT";
  return {"CREATE TABLE ledger_schema (version INTEGER NOT NULL)", "INSERT INTO ledger_schema VALUES (1)",
          fmt::format("CREATE TABLE ledger_events (sequence {} NOT NULL PRIMARY KEY, {})", number, columns)};
}

constexpr const char* refusal = "the ledger is append-only";

std::vector<Guard> sqlite_guards() {
  std::vector<Guard> list;
  for (const char* change : {"update", "delete"}) {
    const std::string name = fmt::format("ledger_events_no_{}", change);
    list.push_back({name, fmt::format("CREATE TRIGGER {} BEFORE {} ON ledger_events BEGIN "
                                      "SELECT RAISE(ABORT, '{}'); END",
                                      name, change, refusal)});
  }
  // Also what stops INSERT OR REPLACE, which deletes without firing the trigger on DELETE.
  list.push_back(
      {"ledger_events_next_only",
       fmt::format("CREATE TRIGGER ledger_events_next_only BEFORE INSERT ON ledger_events "
                   "WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM ledger_events) "
                   "BEGIN SELECT RAISE(ABORT, '{}'); END",
                   refusal)});
  return list;
}

constexpr const char* refuse_body = "BEGIN RAISE EXCEPTION 'the ledger is append-only'; END";
constexpr const char* next_body =
    "BEGIN IF NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM ledger_events) THEN "
    "RAISE EXCEPTION 'the ledger is append-only'; END IF; RETURN NEW; END";

Statements guard_statements(Dialect dialect) {
  Statements statements;
  if (dialect == Dialect::sqlite) {
    for (const Guard& guard : guards(dialect)) statements.push_back(guard.definition);
    return statements;
  }
  for (const auto& [name, body] :
       {std::pair("ledger_refuse", refuse_body), {"ledger_next_only", next_body}}) {
    statements.push_back(
        fmt::format("CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $body${}$body$", name, body));
  }
  for (const char* change : {"UPDATE", "DELETE", "TRUNCATE"}) {
    statements.push_back(fmt::format(
        "CREATE TRIGGER ledger_events_no_{0} BEFORE {0} ON ledger_events FOR EACH STATEMENT EXECUTE "
        "FUNCTION ledger_refuse()",
        change));
  }
  statements.emplace_back(
      "CREATE TRIGGER ledger_events_next_only BEFORE INSERT ON ledger_events FOR EACH ROW EXECUTE FUNCTION "
      "ledger_next_only()");
  return statements;
}

Statements upgrade_to(int version, Statements statements) {
  statements.push_back(fmt::format("UPDATE ledger_schema SET version = {}", version));
  return statements;
}

std::vector<Statements> migrations_of(Dialect dialect) {
  return {tables(dialect), upgrade_to(2, guard_statements(dialect)),
          upgrade_to(3, {"CREATE INDEX ledger_events_by_kind ON ledger_events (kind, sequence)"})};
}

}  // namespace

const std::vector<Statements>& migrations(Dialect dialect) {
  static const std::vector<Statements> sqlite = migrations_of(Dialect::sqlite);
  static const std::vector<Statements> postgresql = migrations_of(Dialect::postgresql);
  return dialect == Dialect::sqlite ? sqlite : postgresql;
}

int schema_version() {
  return static_cast<int>(migrations(Dialect::sqlite).size());
}

const std::vector<Guard>& guards(Dialect dialect) {
  static const std::vector<Guard> sqlite = sqlite_guards();
  // pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
  static const std::vector<Guard> postgresql = {
      {"ledger_events_no_update", std::string("18 ") + refuse_body},
      {"ledger_events_no_delete", std::string("10 ") + refuse_body},
      {"ledger_events_no_truncate", std::string("34 ") + refuse_body},
      {"ledger_events_next_only", std::string("7 ") + next_body}};
  return dialect == Dialect::sqlite ? sqlite : postgresql;
}

std::string guards_query(Dialect dialect) {
  if (dialect == Dialect::sqlite) {
    return "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_events'";
  }
  return "SELECT CAST(t.tgname AS TEXT), CAST(t.tgtype AS TEXT) || ' ' || p.prosrc "
         "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
         "WHERE t.tgrelid = to_regclass('ledger_events') AND t.tgenabled IN ('O', 'A') "
         "AND t.tgqual IS NULL AND CAST(t.tgattr AS TEXT) = ''";
}

}  // namespace stevie::ledger
