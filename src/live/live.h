#pragma once
/// live: what runs while trading.
///
/// So far the parameters: which ones are in force, who put them there and why, and how a strategy reads them
/// without waiting. Start with:
///   parameter_store.h     ParameterStore: versions, promotion, changes by a person, rollback
///   parameter_version.h   one version: content, hash, author, reason; its JSON; differences
///   parameter_snapshot.h  ParameterReader: what a strategy asks at each bar
///   snapshot_cell.h       SnapshotCell: one value, replaced as a whole, read without waiting
///
/// In: approvals of the gate, changes by persons, exported files (hostile until parsed). Out: versions as
/// ledger events of kind "parameters.version", and snapshots for readers.
///
/// What always holds:
///   - no version without a validation::Approval or a person's name and reason, the defaults apart;
///   - a version is one ledger event: a process that dies leaves the old version or the new one;
///   - a version whose parent is not the newest is refused, also between processes;
///   - every reader sees one whole version from one bar boundary to the next;
///   - no reader waits for a writer.
#include "live/parameter_snapshot.h"
#include "live/parameter_store.h"
#include "live/parameter_version.h"
#include "live/snapshot_cell.h"
