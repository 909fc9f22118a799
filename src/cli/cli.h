#pragma once
/// cli: the commands a person types.
///
/// A thin front end: a command parses its flags into a struct, calls one use case of src/app and prints what
/// comes back. Start with commands.h (how a command family is registered and what its exit codes are) and
/// program.cpp (the list of families). main.cpp only hands over the arguments.
///
/// In: arguments, stevie.toml, STEVIE__SECTION__KEY variables. Out: results on stdout; progress and one clear
/// sentence about what went wrong on stderr; the files that a command's help names.
///
/// What always holds:
///   - exit code 0 means done, 2 that input or flags are wrong (the message says where and what to do), 130
///   that the
///     work was interrupted (the message says how to resume), 1 a fault of the program;
///   - configuration is read in one way by all commands: file, then environment, then flags, checked as a
///   whole before
///     any work starts;
///   - every command has --help with an example.
#include "cli/commands.h"
