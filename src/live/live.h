#pragma once
/// live: what runs while trading.
///
/// The trading loop with its feeds and its risk engine; and the parameters: which ones are in force, who put
/// them there and why, and how a strategy reads them without waiting. Start with:
///   live_engine.h         LiveEngine: the loop over the bars of a feed; LiveStrategy, what it decides by
///   live_view.h           what people see of it
///   bar_history.h         the bars it knows, as candles for charts
///   rule_live_strategy.h  the rules, bar by bar
///   trading_step.h        one step: broker, risk engine and strategies, without clock or disk
///   live_records.h        what a step leaves in ledger and journal
///   live_recovery.h       the account out of the ledger, and where record and broker differ
///   live_commands.h       kill, re-arm and acceptance as events
///   journal.h             everything that went in and came out, to be replayed: journal_replay.h
///   feed.h, risk_engine.h where bars come from; what no order may exceed
///   parameter_store.h     ParameterStore: versions, promotion, changes by a person, rollback
///   parameter_version.h   one version: content, hash, author, reason; its JSON; differences
///   parameter_snapshot.h  ParameterReader: what a strategy asks at each bar
///   snapshot_cell.h       SnapshotCell: one value, replaced as a whole, read without waiting
///
/// In: bars, approvals of the gate, changes by persons, exported files (hostile until parsed). Out: versions
/// as ledger events of kind "parameters.version", and snapshots for readers; orders; "live.step" events.
///
/// What always holds:
///   - what a step did is one ledger event before the next step begins: a process that dies at any moment
///     leaves the account before or after it, and the next one goes on there;
///   - no order passes without the risk engine, none before record and broker agree;
///   - no version without a validation::Approval or a person's name and reason, the defaults apart;
///   - a version is one ledger event: a process that dies leaves the old version or the new one;
///   - a version whose parent is not the newest is refused, also between processes;
///   - every reader sees one whole version from one bar boundary to the next;
///   - no reader waits for a writer.
#include "live/parameter_snapshot.h"
#include "live/parameter_store.h"
#include "live/parameter_version.h"
#include "live/snapshot_cell.h"
