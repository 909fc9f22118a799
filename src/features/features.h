#pragma once
/// features: what the agent sees of the market, computed from closed bars only.
///
/// In: market::Bars. Out: FeatureMatrix, one row of 100 float32 values per bar, and a RobustScaler that
/// brings every column to a common size. Start with:
///   observation.h  sizes and order of the 104 observed values; FeatureMatrix
///   pipeline.h     compute_features (whole series), FeatureStream (bar by bar), names and version of the
///   columns scaler.h       RobustScaler: centre and scale from the training split registry.h     the named
///   indicators behind the columns; how to add one kernels.h      rolling sums, extremes and moving averages
///   that indicators are built from causality.h    finds columns that look into the future
///
/// The usual way: compute_features, fit_scaler on the training split, scaler.apply to the matrix in place,
/// then hand the matrix to the environment. Live: FeatureStream::update, then the stored scaler's apply to
/// the row.
///
/// What always holds:
///   - row t is a function of bars up to and including t; cutting or changing later bars changes no bit of
///   it;
///   - compute_features and FeatureStream give the same bits: both run the same code, in blocks of bars or
///   one by one;
///   - every value is a finite float32, also on constant prices, on zero volume and across huge moves;
///   - market values are free of the price level and of the volume unit; without volume the volume columns
///   are 0;
///   - indicators count bars, not hours: a missing bar is skipped and nothing is invented for it. Only the
///   four
///     calendar columns read the time stamp.
#include "features/causality.h"
#include "features/observation.h"
#include "features/pipeline.h"
#include "features/registry.h"
#include "features/scaler.h"
